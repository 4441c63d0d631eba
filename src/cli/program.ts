/**
 * Which commands and options there are. Each command's own file is imported when it runs, so that
 * `--help` answers at once.
 */
import { Command, Option } from 'commander';
import { oneLine } from '../util/one-line.js';
import { above, collect, count, fraction, least, seconds } from './arguments.js';
import { addExport, addImport } from './exchange-program.js';
import { addLab, addPlayground, addReport, addRuns, addStudy } from './look-program.js';
import { MODEL_NAMES } from './names.js';
import { isFollower } from './part.js';
import { checkpoint, data, ema, imports, json, set, threads, tokenizer } from './shared-options.js';
import { addTokenizer } from './tokenizer-program.js';
import { version } from './version.js';

function addTrain(program: Command): void {
  program
    .command('train')
    .description('train a model (default: mlp)')
    .argument('[model]', MODEL_NAMES.join(', '))
    .option('--preset <name>', "one of the model's presets; `nanogpt describe` lists them")
    .addOption(data())
    .addOption(tokenizer())
    .addOption(new Option('--steps <n>', 'optimizer steps').argParser(count(0)))
    .addOption(new Option('--lr <rate>', 'peak learning rate').argParser(least(0)))
    .addOption(new Option('--seed <n>', 'random seed').argParser(count(0)))
    .addOption(threads())
    .option('--split <shares>', 'fractions for train, validation and test, e.g. 0.8,0.1,0.1')
    .option('--out <folder>', "the run's folder (default: runs/<model>-<preset>-<time>)")
    .option(
      '--init-from <run or model>',
      'begin with the weights of a run, or of what `import` takes: fine-tuning',
    )
    .option('--resume <run>', 'continue a stopped run, bit for bit as if never interrupted')
    .option(
      '--checkpoint <which>',
      'with --init-from or --resume: latest (default), best, or a step',
    )
    .option('--ema', 'with --init-from: the average of the weights, of a run trained with emaDecay')
    .option('--probes', 'measure the inside of the model on the way, and say what is wrong')
    .addOption(
      new Option(
        '--distributed <how>',
        'train on several ranks that a launcher of MPI starts (default: mpi under mpirun or srun, else off)',
      ).choices(['off', 'mpi']),
    )
    .addOption(new Option('--max-seconds <s>', 'stop after this many seconds').argParser(seconds))
    .addOption(set('model or training'))
    .addOption(json())
    .addHelpText(
      'after',
      `
Examples:
  nanogpt train                                   the published MLP, on tiny_shakespeare
  nanogpt train mlp --preset chars --steps 2000   a first look in seconds, on characters
  nanogpt train mlp --data notes/ --set nHidden=400 --set optimizer=adamw --lr 0.001
  nanogpt train --resume runs/mlp-published-20260101-1200 --steps 2800
  mpirun -n 4 npx nanogpt train gpt               one training on four processes, the same result
  nanogpt train --init-from openai-community/gpt2 --data notes/ --block-size 128

Every setting is an option too: --batch-size 64 is --set batchSize=64.
Ctrl-C finishes the step, saves, and prints how to resume (exit code 130); a second one exits at once.`,
    )
    .action(async (model, options) => (await import('./train.js')).train(model, options));
}

function addSample(program: Command): void {
  program
    .command('sample')
    .description('generate text from a trained model')
    .argument('<run>', 'a run: its name or folder')
    .addOption(
      new Option('--tokens <n>', 'number of tokens to generate').argParser(count(1)).default(100),
    )
    .option('--prompt <text>', 'text to continue (default: token 0)')
    .option('--ids <list>', 'the prompt as token ids, e.g. 0,17,4')
    .addOption(
      new Option('--temperature <t>', "0: greedy; 1: the model's own distribution")
        .argParser(least(0))
        .default(1),
    )
    .addOption(
      new Option('--top-k <k>', 'sample from the k most likely tokens').argParser(count(1)),
    )
    .addOption(
      new Option(
        '--top-p <p>',
        'sample from the most likely tokens whose probabilities sum to p',
      ).argParser(fraction),
    )
    .addOption(
      new Option(
        '--min-p <p>',
        'sample from tokens at least p times as likely as the most likely',
      ).argParser(fraction),
    )
    .addOption(
      new Option(
        '--repetition-penalty <r>',
        'divide the logits of tokens in the text already; 1.2 is usual',
      ).argParser(above(0)),
    )
    .option('--no-cache', 'compute the whole text anew for each token: slower, and the same text')
    .addOption(
      new Option('--stop <text>', 'text at which to stop, itself left out; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--stop-ids <list>', 'token ids after which to stop, e.g. 0,17')
    .addOption(
      new Option('--samples <n>', 'how many texts, each with the next seed').argParser(count(1)),
    )
    .addOption(
      new Option(
        '--show-alternatives <n>',
        'for each token, the n most likely ones, its surprise and the entropy',
      ).argParser(count(1)),
    )
    .option('--interactive', 'complete what is typed, line by line; Ctrl-C stops a text')
    .addOption(new Option('--seed <n>', 'sampling seed').argParser(count(0)).default(0))
    .addOption(checkpoint())
    .addOption(ema())
    .addOption(threads())
    .addOption(json())
    .addHelpText(
      'after',
      `
Examples:
  nanogpt sample runs/mlp-chars-20260101-1200 --tokens 500 --prompt "ROMEO:"
  nanogpt sample mlp-chars-20260101-1200 --temperature 0.8 --top-k 50 --seed 7
  nanogpt sample mlp-chars-20260101-1200 --ids 0 --stop "JULIET:" --show-alternatives 5`,
    )
    .action(async (run, options) => (await import('./sample.js')).sample(run, options));
}

function addEval(program: Command): void {
  program
    .command('eval')
    .description('score a trained model on a whole split')
    .argument('<run>', 'a run: its name or folder')
    .option('--on <split>', 'validation, test or train', 'validation')
    .option(
      '--batch-norm <list>',
      'compare BatchNorm statistics: ema,cumulative,precise,frozen,batch',
    )
    .addOption(checkpoint())
    .addOption(ema())
    .addOption(threads())
    .addOption(json())
    .addHelpText(
      'after',
      `
Examples:
  nanogpt eval runs/mlp-chars-20260101-1200 --on test
  nanogpt eval mlp-chars-20260101-1200 --batch-norm ema,precise,frozen,batch`,
    )
    .action(async (run, options) => (await import('./eval.js')).evaluateRun(run, options));
}

function addDescribe(program: Command): void {
  program
    .command('describe')
    .description('describe a model or run; without one, list models, data and tokenizers')
    .argument('[model or run]', `${MODEL_NAMES.join(', ')}, or a run: its name or folder`)
    .option('--preset <name>', "one of the model's presets")
    .addOption(data())
    .addOption(tokenizer())
    .addOption(set('the model'))
    .option('--settings', 'list every key that --set accepts, with value and meaning')
    .option(
      '--init',
      'compare initialisations on real batches: activations, gradients and first loss before training',
    )
    .addOption(json())
    .action(async (what, options) => (await import('./describe.js')).describe(what, options));
}

function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'check this machine: backend, compiler, threads, measured speed, and what is missing',
    )
    .addOption(threads())
    .addOption(json())
    .action(async (options) => (await import('./doctor.js')).doctor(options));
}

/** The whole command line. Parsing throws a `CommanderError` in place of leaving the process. */
export function buildProgram(): Command {
  const program = new Command('nanogpt')
    .description(
      'Study language models by training them: bigram, MLP, WaveNet, GPT and Llama, at native speed.',
    )
    .version(version())
    .configureHelp({ sortSubcommands: false })
    .addHelpText(
      'after',
      `
Examples:
  nanogpt train mlp      train the published MLP and read what it writes
  nanogpt describe mlp   its layers, parameters and presets
  nanogpt doctor         how fast this machine is

Environment:
  NANOGPT_DATA_DIR   a folder searched for datasets before the network
  NANOGPT_CACHE_DIR  where datasets and token ids are cached
  NANOGPT_BACKEND    native, wasm or reference
  NANOGPT_THREADS    compute threads; --threads takes precedence
  NANOGPT_MPI        the library of MPI, where the launcher's own is not found
  NANOGPT_RANK_TIMEOUT  seconds without an answer after which a rank is given up (300)
  NANOGPT_BLAS       a library with cblas_sgemm to use for matrix products

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.`,
    );
  // In the order in which one meets them.
  const all = [
    addTrain,
    addSample,
    addEval,
    addImport,
    addExport,
    addDescribe,
    addTokenizer,
    addRuns,
    addLab,
    addReport,
    addStudy,
    addPlayground,
    addDoctor,
  ];
  for (const add of all) add(program);
  program.hook('preAction', async (_, command) => {
    const files = importsOf(command);
    if (files.length > 0) await (await import('./imports.js')).importGiven(files);
  });
  for (const command of withSubcommands(program)) {
    const name = fullName(command);
    command
      .addOption(imports())
      .exitOverride()
      .allowExcessArguments(false)
      .configureOutput({
        outputError: (text, write) => {
          const problem = oneLine(text.replace(/^error: /, '').replace('\n(Did you', ' (Did you'));
          if (isFollower()) return;
          write(`nanogpt: ${problem} (\`${name} --help\` lists the options)\n`);
        },
      });
  }
  return program;
}

/** What `--import` named, before the command's name and after it. */
function importsOf(command: Command): string[] {
  const before = command.parent ? importsOf(command.parent) : [];
  return [...before, ...(command.opts()['import'] as string[])];
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

function fullName(command: Command): string {
  return command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();
}
