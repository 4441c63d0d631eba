#!/usr/bin/env node
/**
 * The command line. This file only says which commands and options there are; each command's own file
 * is imported when it runs, so that `--help` answers at once.
 */
import { Command, CommanderError, Option } from 'commander';
import { collect, count, fraction, number, seconds } from './arguments.js';
import { fail } from './fail.js';
import { version } from './version.js';

const threads = () =>
  new Option('--threads <n>', 'threads to compute with (default: all cores)').argParser(count(1));
const json = () => new Option('--json', 'print one JSON result and nothing else');

const program = new Command('nanogpt')
  .description('Study language models by training them: bigram, MLP and more, at native speed.')
  .version(version())
  .showHelpAfterError('(nanogpt --help lists the commands, nanogpt <command> --help its options)')
  .configureHelp({ sortSubcommands: false });

program
  .command('train')
  .description('train a model; mlp when none is named')
  .argument('[model]', 'bigram, mlp')
  .option('--preset <name>', "a named starting point of the model's; describe lists them")
  .option('--data <what>', 'a dataset (tiny_shakespeare, names, moby_dick), file, folder or URL')
  .option('--tokenizer <name>', 'char, p50k_base, …')
  .addOption(new Option('--steps <n>', 'optimizer steps').argParser(count(0)))
  .addOption(new Option('--lr <rate>', 'learning rate').argParser(number))
  .addOption(new Option('--seed <n>', 'seed of all randomness').argParser(count(0)))
  .addOption(threads())
  .option('--split <shares>', 'train, validation and test: 0.8,0.1,0.1')
  .option('--out <folder>', 'where the run goes (default: runs/<name>)')
  .option('--resume <run>', 'go on with a run that stopped, to the same bits')
  .addOption(new Option('--max-seconds <s>', 'stop after so long').argParser(seconds))
  .option(
    '--set <key=value>',
    'any setting of the model or its training; may be repeated',
    collect,
    [],
  )
  .addOption(json())
  .action(async (model, options) => (await import('./train.js')).train(model, options));

program
  .command('sample')
  .description('let a trained model write')
  .argument('<run>', 'a run: its name or folder')
  .addOption(new Option('--tokens <n>', 'how many tokens').argParser(count(1)).default(100))
  .option('--prompt <text>', 'what it goes on from')
  .option('--ids <list>', 'the prompt as token ids: 0,17,4')
  .addOption(
    new Option('--temperature <t>', '0 is greedy, 1 the model as it is')
      .argParser(number)
      .default(1),
  )
  .addOption(new Option('--top-k <k>', 'only the k likeliest').argParser(count(1)))
  .addOption(new Option('--top-p <p>', 'only the likeliest that make up p').argParser(fraction))
  .addOption(new Option('--seed <n>', 'seed of the draw').argParser(count(0)).default(0))
  .option('--checkpoint <which>', 'best, latest, or a step')
  .addOption(threads())
  .addOption(json())
  .action(async (run, options) => (await import('./sample.js')).sample(run, options));

program
  .command('eval')
  .description('score a trained model on a whole split')
  .argument('<run>', 'a run: its name or folder')
  .option('--on <split>', 'train, validation or test', 'validation')
  .option('--checkpoint <which>', 'best, latest, or a step')
  .addOption(threads())
  .addOption(json())
  .action(async (run, options) => (await import('./eval.js')).evaluateRun(run, options));

program
  .command('describe')
  .description(
    'what a model or run consists of, a line per layer; without one, the models there are',
  )
  .argument('[model or run]')
  .option('--preset <name>', "one of the model's presets")
  .option('--data <what>', 'what its vocabulary comes from, for tokenizers built from a text')
  .option('--tokenizer <name>', 'char, p50k_base, …')
  .option('--set <key=value>', 'any setting of the model; may be repeated', collect, [])
  .addOption(json())
  .action(async (what, options) => (await import('./describe.js')).describe(what, options));

program
  .command('runs')
  .description('the runs there are, as a table')
  .option('--in <folder>', 'where to look', 'runs')
  .addOption(json())
  .action(async (options) => (await import('./runs.js')).listRuns(options));

program
  .command('doctor')
  .description('what this machine offers, measured, and what to do where something is missing')
  .addOption(threads())
  .addOption(json())
  .action(async (options) => (await import('./doctor.js')).doctor(options));

for (const command of [program, ...program.commands]) {
  command.exitOverride();
  command.allowExcessArguments(false);
}

try {
  if (process.argv.length <= 2) program.help();
  await program.parseAsync();
} catch (error) {
  // commander has already printed what was wrong with the usage, or the help that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else fail(error);
}
