/** Which subcommands and options `nanogpt tokenizer` has. */
import { type Command, Option } from 'commander';
import { collect, fraction } from './arguments.js';
import { json } from './shared-options.js';

/** Adds `tokenizer train`, `encode`, `decode` and `inspect`. */
export function addTokenizer(program: Command): void {
  const tokenizer = program.command('tokenizer').description('train, use and inspect tokenizers');
  addTrain(tokenizer);
  addEncode(tokenizer);
  addDecode(tokenizer);
  addInspect(tokenizer);
}

const data = (what: string) =>
  new Option('--data <what>', `${what}: a dataset, file, folder or URL of text`);
const spec = () =>
  new Option(
    '--tokenizer <name>',
    'char, shakespeare, p50k_base, …; sentencepiece:FILE; a path; a name on the Hugging Face hub',
  );

function addTrain(tokenizer: Command): void {
  tokenizer
    .command('train')
    .description('train a tokenizer on text files')
    .argument(
      '[options...]',
      "options of SentencePiece's spm_train, in its spelling or in kebab-case",
    )
    .allowUnknownOption()
    .option(
      '--preset <name>',
      'shakespeare: the settings for tiny_shakespeare; other options override it',
    )
    .addOption(json())
    .addHelpText(
      'after',
      `
Two types:
  --type bpe          SentencePiece BPE; writes OUT.model and OUT.vocab, as spm_train would
  --type byte-level   BPE on bytes, as GPT-2's; writes the folder OUT with a tokenizer.json.
                      --pattern gpt2 or gpt4 (how words are cut), --special A,B (special tokens)

Both take --input FILE… (.gz too; - is standard input), --vocab-size N and --out PREFIX or FOLDER. Without
--input they train on tiny_shakespeare, bpe with the preset for it. All other options are spm_train's, with its
names and defaults: a published command line can be pasted unchanged.

Examples:
  nanogpt tokenizer train --out shakespeare
  nanogpt tokenizer train --type bpe --input a.txt b.txt --vocab-size 8000 --byte-fallback --out my
  nanogpt tokenizer train --input=a.txt --model_type=bpe --model_prefix=my --vocab_size=8000
  nanogpt tokenizer train --type byte-level --input a.txt --vocab-size 8000 --pattern gpt4 --out my`,
    )
    .action(async (args, options) =>
      (await import('./tokenizer-train.js')).trainTokenizer(args, options),
    );
}

function addEncode(tokenizer: Command): void {
  tokenizer
    .command('encode')
    .description('print the token ids of a text')
    .argument('[text]', 'the text (default: standard input)')
    .addOption(spec().makeOptionMandatory())
    .addOption(data('the text that char and shakespeare are built from'))
    .option('--pieces', 'print the tokens instead of ids')
    .option('--bos', 'prepend the beginning-of-text token')
    .option('--eos', 'append the end-of-text token')
    .option('--special', 'parse special tokens in the text')
    .option('--allowed-special <tokens>', 'parse only these, separated by commas, or "all"')
    .option('--disallowed-special <tokens>', 'reject a text that contains any of these, or "all"')
    .addOption(json())
    .action(async (text, options) => (await import('./tokenizer.js')).encodeText(text, options));
}

function addDecode(tokenizer: Command): void {
  tokenizer
    .command('decode')
    .description('print the text of token ids')
    .argument('[ids...]', 'ids, separated by spaces or commas (default: standard input)')
    .addOption(spec().makeOptionMandatory())
    .addOption(data('the text that char and shakespeare are built from'))
    .addOption(json())
    .action(async (ids, options) => (await import('./tokenizer.js')).decodeIds(ids, options));
}

function addInspect(tokenizer: Command): void {
  tokenizer
    .command('inspect')
    .description('show how a tokenizer splits a text, with statistics')
    .addOption(
      new Option(
        '--tokenizer <name>',
        'a tokenizer; may be repeated, to compare several side by side',
      )
        .argParser(collect)
        .default([], 'shakespeare'),
    )
    .addOption(data('the text to count on (default: tiny_shakespeare)'))
    .option('--text <text>', 'a text whose tokens are shown (default: the first lines)')
    .option('--word <word>', 'a word whose merges are shown (default: honorificabilitudinitatibus)')
    .addOption(
      new Option('--train-share <share>', 'fraction of the text in the training split')
        .argParser(fraction)
        .default(0.8),
    )
    .option('--html <file>', 'also write an HTML page')
    .addOption(json())
    .action(async (options) => (await import('./tokenizer.js')).inspectTokenizers(options));
}
