/**
 * SentencePiece beside the original: whole processes, in pairs, and the output compared; and the readers
 * of model files under random damage.
 *
 *     npm run bench -- tokenizers                                        training and encoding
 *     npm run bench -- none && node build/bench/tokenizers.js fuzz 60    sixty seconds of damage
 *
 * Needs `spm_train` and `spm_encode` (Debian's package sentencepiece) for the comparison, and
 * NANOGPT_DATA_DIR with tinyshakespeare.txt.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTokenizer } from 'nanogpt/tokenizers';
import { median } from './statistics.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const COMMAND = path.join(ROOT, 'dist/cli/main.js');
const SETTINGS = [
  '--model_type=bpe --vocab_size=32000 --character_coverage=0.999995 --byte_fallback=true',
  '--split_digits=true --max_sentencepiece_length=27 --normalization_rule_name=identity',
  '--remove_extra_whitespaces=false --allow_whitespace_only_pieces=true',
].flatMap((line) => line.split(' '));
const ROUNDS = 7;

/** Milliseconds that a process takes from start to end. */
function run(command: string, args: string[], input?: string, output = '/dev/null'): number {
  const stdin = openSync(input ?? '/dev/null', 'r');
  const stdout = openSync(output, 'w');
  const started = performance.now();
  const result = spawnSync(command, args, { stdio: [stdin, stdout, 'ignore'] });
  const taken = performance.now() - started;
  closeSync(stdin);
  closeSync(stdout);
  if (result.status !== 0) throw new Error(`${command} failed`);
  return taken;
}

/** The two programs on the same work: medians of whole processes in turn, and of the pairs' ratios. */
export interface TokenizerReport {
  readonly name: string;
  readonly oursMilliseconds: number;
  readonly originalMilliseconds: number;
  /** How many times the original's speed. */
  readonly ratio: number;
  readonly pairs: number;
}

/** Both trainers and encoders; the output of each pair is the same, or it throws. Empty without the original. */
export function benchTokenizers(): TokenizerReport[] {
  const text = path.join(process.env['NANOGPT_DATA_DIR'] ?? '', 'tinyshakespeare.txt');
  const hasOriginal = spawnSync('spm_train', ['--version']).status === 0;
  if (!hasOriginal || !existsSync(text)) return [];
  const folder = mkdtempSync(path.join(tmpdir(), 'nanogpt-bench-'));
  try {
    return compare(folder, text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function formatTokenizers(report: TokenizerReport): string {
  const { name, originalMilliseconds, oursMilliseconds, ratio, pairs } = report;
  return (
    `${name}: original ${originalMilliseconds.toFixed(0)} ms, ours ${oursMilliseconds.toFixed(0)} ms, ` +
    `${ratio.toFixed(2)} times its speed (median of ${pairs} pairs; same output)`
  );
}

/** Encodes line by line, as spm_encode does, in a process of its own: `tokenizers.js encode MODEL TEXT`. */
async function encodeLines(model: string, text: string): Promise<void> {
  const tokenizer = await createTokenizer(model);
  const lines = readFileSync(text, 'utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  process.stdout.write(`${lines.map((line) => tokenizer.encode(line).join(' ')).join('\n')}\n`);
}

/** Models of the original's making that are encoded with, beside the one just trained. */
const MODELS: readonly [string, string][] = [
  ['BPE with nmt_nfkc', '--model_type=bpe --vocab_size=32000 --hard_vocab_limit=false'],
  ['unigram with nmt_nfkc', '--model_type=unigram --vocab_size=8000'],
];

function compare(folder: string, text: string): TokenizerReport[] {
  const theirs = path.join(folder, 'theirs');
  const ours = path.join(folder, 'ours');
  const input = `--input=${text}`;
  const times: [number, number][] = [];
  for (let i = 0; i < ROUNDS; i++) {
    times.push([
      run('spm_train', [...SETTINGS, input, `--model_prefix=${theirs}`]),
      run('node', [COMMAND, 'tokenizer', 'train', ...SETTINGS, input, `--model_prefix=${ours}`]),
    ]);
  }
  same(`${ours}.vocab`, `${theirs}.vocab`);
  const reports = [reportOf('train 32,000 pieces', times)];

  const tenfold = path.join(folder, 'text');
  writeFileSync(tenfold, readFileSync(text, 'utf8').repeat(10));
  const self = import.meta.filename;
  const encode = (name: string, model: string): void => {
    const encoding: [number, number][] = [];
    for (let i = 0; i < ROUNDS; i++) {
      encoding.push([
        run('spm_encode', [`--model=${model}`, '--output_format=id'], tenfold, theirs),
        run('node', [self, 'encode', model, tenfold], undefined, ours),
      ]);
    }
    same(ours, theirs);
    reports.push(reportOf(`encode the text ten times over, ${name}`, encoding));
  };
  encode('BPE with byte fallback', `${ours}.model`);
  for (const [name, options] of MODELS) {
    const prefix = path.join(folder, name.replaceAll(' ', '-'));
    run('spm_train', [...options.split(' '), input, `--model_prefix=${prefix}`]);
    encode(name, `${prefix}.model`);
  }
  return reports;
}

function same(a: string, b: string): void {
  if (Buffer.compare(readFileSync(a), readFileSync(b)) !== 0)
    throw new Error(`${a} and ${b} differ`);
}

function reportOf(name: string, times: readonly (readonly [number, number])[]): TokenizerReport {
  return {
    name,
    originalMilliseconds: median(times.map(([theirs]) => theirs)),
    oursMilliseconds: median(times.map(([, ours]) => ours)),
    ratio: median(times.map(([theirs, ours]) => theirs / ours)),
    pairs: times.length,
  };
}

/** Damages files at random and reads them: each is used or refused, in bounded time and memory. */
async function fuzz(folder: string, seconds: number): Promise<void> {
  const goldens = path.join(ROOT, 'test/goldens/tokenizers');
  const bytes = path.join(folder, 'bytes');
  const corpus = path.join(goldens, 'corpus.txt');
  const train = ['tokenizer', 'train', '--type', 'byte-level', '--input', corpus];
  run('node', [COMMAND, ...train, '--vocab-size', '700', '--out', bytes]);
  const sources = [
    ...['bpe-bytes.model', 'unigram.model', 'unigram-bytes.model'].map((f) =>
      path.join(goldens, f),
    ),
    path.join(bytes, 'tokenizer.json'),
  ];
  let seed = 1;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  const { UserError } = await import('nanogpt'); // the whole library: the programs that are timed do without
  const end = performance.now() + seconds * 1000;
  const [counts, slowest] = [{ used: 0, refused: 0 }, { milliseconds: 0 }];
  for (let i = 0; performance.now() < end; i++) {
    const source = sources[i % sources.length]!;
    const file = path.join(folder, `damaged${path.extname(source)}`);
    writeFileSync(file, damage(readFileSync(source), random));
    const started = performance.now();
    try {
      const tokenizer = await createTokenizer(file);
      tokenizer.decode(tokenizer.encode('An etaoin, 漢字 ☃ \u0301\u0000 <sep>'));
      counts.used++;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      counts.refused++;
    }
    slowest.milliseconds = Math.max(slowest.milliseconds, performance.now() - started);
  }
  const megabytes = (process.resourceUsage().maxRSS / 1024).toFixed(0);
  console.log(
    `${counts.used} damaged files used, ${counts.refused} refused in ${seconds} s; ` +
      `the slowest took ${slowest.milliseconds.toFixed(0)} ms; peak memory ${megabytes} MB`,
  );
}

/** Bytes changed, cut out, doubled, or the end cut off. */
function damage(bytes: Uint8Array, random: (n: number) => number): Uint8Array {
  let out = Uint8Array.from(bytes);
  for (let n = 1 + random(4); n > 0; n--) {
    const at = random(out.length);
    const length = 1 + random(64);
    const kind = random(6);
    if (kind < 3) out[at] = random(256);
    else if (kind === 3)
      out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(at + length)]);
    else if (kind === 4) {
      const part = out.subarray(at, at + length);
      out = Uint8Array.from([...out.subarray(0, at), ...part, ...out.subarray(at)]);
    } else out = out.slice(0, Math.max(1, at));
  }
  return out;
}

// As a program of its own; bench/run.ts imports it.
const [program, mode, first, second] = process.argv.slice(1);
if (program === import.meta.filename && mode === 'encode') {
  await encodeLines(first!, second!);
} else if (program === import.meta.filename && mode === 'fuzz') {
  const folder = mkdtempSync(path.join(tmpdir(), 'nanogpt-bench-'));
  try {
    await fuzz(folder, Number(first ?? 60));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
