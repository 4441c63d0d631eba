/**
 * SentencePiece beside the original: whole processes, in pairs, and the output compared; and the readers
 * of model files under random damage.
 *
 *     npm run bench -- none && node build/bench/tokenizers.js            training and encoding
 *     npm run bench -- none && node build/bench/tokenizers.js fuzz 60    sixty seconds of damage
 *
 * Needs `spm_train` and `spm_encode` (Debian's package sentencepiece) for the comparison, and
 * NANOGPT_DATA_DIR with tinyshakespeare.txt.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createTokenizer, UserError } from 'nanogpt';
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

/** Encodes line by line, as spm_encode does, in a process of its own: `tokenizers.js encode MODEL TEXT`. */
async function encodeLines(model: string, text: string): Promise<void> {
  const tokenizer = await createTokenizer(model);
  const lines = readFileSync(text, 'utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  process.stdout.write(`${lines.map((line) => tokenizer.encode(line).join(' ')).join('\n')}\n`);
}

function compare(folder: string): void {
  const text = path.join(process.env['NANOGPT_DATA_DIR'] ?? '', 'tinyshakespeare.txt');
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
  print('train 32,000 pieces', times);

  const tenfold = path.join(folder, 'text');
  writeFileSync(tenfold, readFileSync(text, 'utf8').repeat(10));
  const model = `${ours}.model`;
  const self = import.meta.filename;
  const encoding: [number, number][] = [];
  for (let i = 0; i < ROUNDS; i++) {
    encoding.push([
      run('spm_encode', [`--model=${model}`, '--output_format=id'], tenfold, theirs),
      run('node', [self, 'encode', model, tenfold], undefined, ours),
    ]);
  }
  same(ours, theirs);
  print('encode the text ten times over', encoding);
}

function same(a: string, b: string): void {
  if (Buffer.compare(readFileSync(a), readFileSync(b)) !== 0)
    throw new Error(`${a} and ${b} differ`);
}

function print(what: string, times: readonly (readonly [number, number])[]): void {
  const theirs = median(times.map(([t]) => t));
  const ours = median(times.map(([, t]) => t));
  const ratio = median(times.map(([a, b]) => a / b));
  console.log(
    `${what}: original ${theirs.toFixed(0)} ms, ours ${ours.toFixed(0)} ms, ` +
      `${ratio.toFixed(2)} times its speed (median of ${times.length} pairs; same output)`,
  );
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
      `the slowest took ${slowest.milliseconds.toFixed(0)} ms; ${megabytes} MB at most`,
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

const [mode, first, second] = process.argv.slice(2);
if (mode === 'encode') {
  await encodeLines(first!, second!);
} else {
  const folder = mkdtempSync(path.join(tmpdir(), 'nanogpt-bench-'));
  try {
    if (mode === 'fuzz') await fuzz(folder, Number(first ?? 60));
    else compare(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
