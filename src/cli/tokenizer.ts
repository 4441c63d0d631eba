/** `nanogpt tokenizer encode`, `decode` and `inspect`. */
import { encodeAside, loadText, readStandardInput } from '../data/index.js';
import {
  type Inspection,
  inspect,
  inspectionPage,
  ruleOfThumb,
  shortToken,
  type Tokenizer,
} from '../tokenizers/index.js';
import { writeFileAtomic } from '../util/atomic-file.js';
import { UsageError, UserError } from '../util/errors.js';
import { downloadBar } from './download-bar.js';
import { interruptible } from './interrupt.js';
import { makeTokenizer } from './make-tokenizer.js';
import { Output, thousands } from './output.js';
import { shownPath } from './paths.js';
import { table } from './table.js';

interface CommonOptions {
  data?: string;
  json?: true;
}

export interface EncodeTextOptions extends CommonOptions {
  tokenizer: string;
  pieces?: true;
  bos?: true;
  eos?: true;
  special?: true;
  allowedSpecial?: string;
  disallowedSpecial?: string;
}

/** Prints ids (or tokens) of a text given, or of standard input. */
export async function encodeText(
  given: string | undefined,
  options: EncodeTextOptions,
): Promise<void> {
  const output = new Output(options.json === true);
  const tokenizer = await open(options.tokenizer, options, output);
  const { bos = false, eos = false, special = false } = options;
  using bar = downloadBar(output);
  const ids = await interruptible(async (signal) => {
    const text = given ?? (await standardInput(signal));
    const settings = {
      bos,
      eos,
      special,
      allowedSpecial: listed(options.allowedSpecial),
      disallowedSpecial: listed(options.disallowedSpecial),
    };
    return [
      ...(await encodeAside(tokenizer, text, { ...settings, onProgress: bar.update, signal })),
    ];
  });
  const tokens = ids.map((id) => tokenizer.tokenToString(id));
  output.line(options.pieces ? coloured(tokens, process.stdout.isTTY) : ids.join(' '));
  output.result({ tokenizer: tokenizer.name, ids, tokens });
}

/** Prints the text of ids. */
export async function decodeIds(
  given: readonly string[],
  options: CommonOptions & { tokenizer: string },
): Promise<void> {
  const output = new Output(options.json === true);
  const tokenizer = await open(options.tokenizer, options, output);
  const words =
    (given.length > 0 ? given.join(' ') : await interruptible(standardInput)).match(/[^\s,]+/g) ??
    [];
  const ids = words.map((word) => {
    if (/^\d+$/.test(word)) return Number(word);
    throw new UsageError(`expected token ids, whole numbers from 0, got "${word}".`);
  });
  const text = tokenizer.decode(ids);
  output.line(text);
  output.result({ tokenizer: tokenizer.name, text });
}

export interface InspectTokenizersOptions extends CommonOptions {
  tokenizer: string[];
  text?: string;
  word?: string;
  trainShare: number;
  html?: string;
}

/** Prints what one or several tokenizers make of a text. */
export async function inspectTokenizers(options: InspectTokenizersOptions): Promise<void> {
  const output = new Output(options.json === true);
  const { text, name } = await interruptible((signal) => loadedText(options.data, output, signal));
  const inspections: Inspection[] = [];
  for (const spec of options.tokenizer.length > 0 ? options.tokenizer : ['shakespeare']) {
    const tokenizer = await open(spec, options, output);
    inspections.push(
      inspect(tokenizer, text, {
        trainShare: options.trainShare,
        ...(options.text === undefined ? {} : { sample: options.text }),
        ...(options.word === undefined ? {} : { word: options.word }),
      }),
    );
  }
  print(inspections, name, output);
  if (options.html !== undefined) {
    writeFileAtomic(options.html, inspectionPage(inspections, name));
    output.line(`\nwritten: ${shownPath(options.html)}`);
  }
  output.result({ data: name, tokenizers: inspections });
}

async function open(spec: string, options: CommonOptions, output: Output): Promise<Tokenizer> {
  using bar = downloadBar(output);
  return await interruptible((signal) =>
    makeTokenizer(spec, async () => (await loadedText(options.data, output, signal)).text, {
      onProgress: bar.update,
      signal,
    }),
  );
}

const texts = new Map<string | undefined, { text: string; name: string }>();

async function loadedText(
  data: string | undefined,
  output: Output,
  signal: AbortSignal,
): Promise<{ text: string; name: string }> {
  const known = texts.get(data);
  if (known) return known;
  using bar = downloadBar(output);
  const { text, name, notice } = await loadText(data, { onProgress: bar.update, signal });
  if (notice !== undefined) output.notice(notice);
  texts.set(data, { text, name });
  return { text, name };
}

/** As it stands: a byte order mark is a character here. */
async function standardInput(signal: AbortSignal): Promise<string> {
  const bytes = await readStandardInput(signal);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new UserError('standard input is not UTF-8.', { cause });
  }
}

/** `all`, or the words between commas. */
function listed(words: string | undefined): 'all' | string[] | undefined {
  return words === 'all' ? words : words?.split(',');
}

function print(inspections: Inspection[], of: string, output: Output): void {
  const [first] = inspections;
  output.line(`${of}: ${thousands(first!.bytes)} bytes, ${thousands(first!.words)} words`);
  output.line();
  const headings = [
    { heading: 'tokenizer' },
    ...['vocabulary', 'tokens', 'bytes/token', 'tokens/word', 'for 3 words', 'never used'].map(
      (heading) => ({ heading, right: true }),
    ),
    { heading: 'lossless' },
  ];
  const rows = inspections.map((i) => [
    i.name,
    thousands(i.vocabSize),
    thousands(i.tokens),
    i.bytesPerToken.toFixed(2),
    i.tokensPerWord.toFixed(2),
    (i.tokensPerWord * 3).toFixed(1),
    `${(i.unusedShare * 100).toFixed(1)} %`,
    i.isLossless ? 'yes' : 'no',
  ]);
  output.line(table(headings, rows));
  for (const inspection of inspections) printOne(inspection, output);
}

function printOne(inspection: Inspection, output: Output): void {
  const { name, longest, sample, word } = inspection;
  output.line();
  output.line(`── ${name}`);
  output.line(ruleOfThumb(inspection));
  output.line(`longest: ${longest.map(({ text }) => shortToken(text)).join('  ')}`);
  output.line();
  const tokens = sample.map(({ text }) => text);
  output.line(coloured(tokens, process.stdout.isTTY));
  output.line();
  output.line(`${word.text}: ${word.tokens.map((t) => t.trim() || t).join(' | ')}`);
  const steps = word.steps.map(({ left, right, rank }) => [thousands(rank), `${left} + ${right}`]);
  if (steps.length > 0) {
    output.line(table([{ heading: 'learnt as', right: true }, { heading: 'merge' }], steps));
  }
}

/** Tokens in alternating colours; between bars where there are none. */
function coloured(tokens: readonly string[], hasColour: boolean): string {
  const shown = tokens.map((token) => (token === '<0x0A>' ? '\n' : token));
  if (!hasColour) return shown.join('|');
  return shown
    .map((token, i) => {
      const background = i % 2 === 0 ? '\u001b[48;5;24m' : '\u001b[48;5;94m';
      // The colour ends before a line does, or it would fill the rest of the line.
      return token.replace(/[^\n]+/g, (part) => `${background}${part}\u001b[0m`);
    })
    .join('');
}
