import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/suites/fixtures.js';
import { datasetFromText } from '../data/from-text.js';
import { buildSettings, RunDirectory } from '../runs/index.js';
import { tensor } from '../tensor/index.js';
import { createTokenizer } from '../tokenizers/index.js';
import { SentencePieceTokenizer } from '../tokenizers/sentencepiece/tokenizer.js';
import { modelDefinition, openRun, resumeRun, startRun } from '../train/index.js';
import { MemoryRun } from './run-files.js';
import { type MemorySession, openMemoryRun, resumeMemoryRun, startMemoryRun } from './session.js';
import { makeTokenizer } from './tokenizers.js';

const text = Array.from(
  { length: 400 },
  (_, i) => `line ${i % 37}: the ${i % 5} cats sat – ünd slept.\n`,
).join('');
const temporary = temporaryFolder();
const folder = temporary.path;
afterAll(() => temporary[Symbol.dispose]());

function settingsOf(model: string, overrides: Record<string, unknown>) {
  return buildSettings(modelDefinition(model), {
    preset: model === 'bigram' ? 'counted' : 'chars',
    overrides: { ...overrides, seed: 3 },
  });
}

const SMALL = { steps: 40, batchSize: 8, nHidden: 16, nEmbd: 4, blockSize: 4, evalInterval: 10 };
const mlp = settingsOf('mlp', {
  ...SMALL,
  sampleInterval: 20,
  emaDecay: 0.9,
  checkpointInterval: 20,
});

/** Puts files on the disk, as unpacking an archive does. */
function write(files: ReadonlyMap<string, Uint8Array>): string {
  const to = fs.mkdtempSync(path.join(folder, 'run-'));
  for (const [name, bytes] of files) {
    fs.mkdirSync(path.dirname(path.join(to, name)), { recursive: true });
    fs.writeFileSync(path.join(to, name), bytes);
  }
  return to;
}

/** The files of a folder, as choosing one in a page gives them. */
function read(from: string, under = ''): Map<string, Uint8Array> {
  const names = fs.readdirSync(from, { recursive: true, withFileTypes: true });
  return new Map(
    names
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .map((file) => [under + path.relative(from, file), new Uint8Array(fs.readFileSync(file))]),
  );
}

const valuesOf = (model: MemorySession['model']) =>
  [...model.stateDict()].map(([name, value]) => [name, value.dataSync()]);

describe('a run in memory', () => {
  let trained: ReadonlyMap<string, Uint8Array>;
  beforeAll(async () => {
    using session = await startMemoryRun(mlp, { name: 'my-text', text });
    await session.trainer.train();
    trained = session.run.files();
  });

  it('trains bit for bit as the command line does, and writes down the same', async () => {
    const file = path.join(folder, 'text.txt');
    fs.writeFileSync(file, text);
    using session = await startRun({ ...mlp, data: file }, { folder });
    await session.trainer.train();
    const own = await openMemoryRun(trained);
    expect(valuesOf(own.model)).toEqual(valuesOf(session.model));
    const timeless = (lines: unknown[]) =>
      lines.map((line) => ({ ...(line as object), seconds: 0, tokensPerSecond: 0 }));
    expect(timeless(own.run.metrics())).toEqual(timeless(session.run.read('metrics')));
    const samples = new TextDecoder().decode(trained.get('samples.txt'));
    expect(samples).toBe(fs.readFileSync(session.run.logPath('samples'), 'utf8'));
    const { created: _, versions: __, name: ___, data: ____, dataset, ...rest } = own.run.config;
    const { dataset: theirs, ...config } = session.run.config;
    expect(config).toMatchObject(rest);
    expect({ ...dataset, name: '', source: '' }).toEqual({ ...theirs, name: '', source: '' });
    own[Symbol.dispose]();
  });

  it('is read by the command line: opened, and resumed with the text that it keeps', async () => {
    const run = write(trained);
    using opened = await openRun(run);
    expect(opened.checkpoint.name).toBe('step-000040');
    using own = await openMemoryRun(trained);
    expect(valuesOf(own.model)).toEqual(valuesOf(opened.model));
    using averaged = await openRun(run, { ema: true });
    expect(valuesOf(averaged.model)).not.toEqual(valuesOf(opened.model));
    using session = await resumeRun(run, { overrides: { steps: 50 } });
    const { step } = await session.trainer.train();
    expect(step).toBe(50);
    expect(RunDirectory.open(run).read('metrics').length).toBeGreaterThan(40);
  });

  it('goes on where a run on disk stopped, bit for bit', async () => {
    using whole = await startMemoryRun(
      { ...mlp, training: { ...mlp.training, steps: 60 } },
      { name: 'my-text', text },
    );
    await whole.trainer.train();
    const file = path.join(folder, 'text.txt');
    fs.writeFileSync(file, text);
    const settings = { ...mlp, training: { ...mlp.training, steps: 60 }, data: file };
    using session = await startRun(settings, { folder });
    session.trainer.on('metrics', ({ step }) => void (step >= 30 && session.trainer.stop()));
    expect((await session.trainer.train()).reason).toBe('stopped');
    const run = MemoryRun.open(read(session.run.path, 'somewhere/run/'));
    using resumed = await resumeMemoryRun(run, text);
    const { step } = await resumed.trainer.train();
    expect(step).toBe(60);
    expect(valuesOf(resumed.model)).toEqual(valuesOf(whole.model));
    const lines = run.metrics().map(({ step, loss }) => [step, loss]);
    expect(lines).toEqual(whole.run.metrics().map(({ step, loss }) => [step, loss]));
  });

  it('stops when it is asked to, and holds a checkpoint of that step', async () => {
    using session = await startMemoryRun(mlp, { name: 'my-text', text });
    session.trainer.on('metrics', ({ step }) => void (step >= 7 && session.trainer.stop()));
    const { reason, step } = await session.trainer.train();
    expect([reason, step]).toEqual(['stopped', 7]);
    using own = await openMemoryRun(session.run.files());
    expect(valuesOf(own.model)).toEqual(valuesOf(session.model));
  });

  it('is a counted model, or one over documents, as well', async () => {
    using counted = await startMemoryRun(settingsOf('bigram', {}), { name: 'my-text', text });
    expect((await counted.trainer.train()).reason).toBe('fitted');
    using own = await openMemoryRun(counted.run.files());
    const ids = tensor([[1]], { dtype: 'int32' });
    expect(own.model.forward(ids).dataSync()).toEqual(counted.model.forward(ids).dataSync());
    const names = {
      name: 'my-names',
      text: Array.from({ length: 90 }, (_, i) => `anna${i}`).join('\n'),
    };
    using documents = await startMemoryRun({ ...mlp, documents: true }, names);
    expect(documents.data.info.documents?.splits.train).toBe(81);
    await documents.trainer.train();
    using again = await resumeRun(write(documents.run.files()), { overrides: { steps: 41 } });
    expect((await again.trainer.train()).step).toBe(41);
  });

  it('opens a run with a tokenizer of the Hugging Face hub, or a trained one', async () => {
    const { bertBaseUncased } = await import('../tokenizers/hugging-face/bert.js');
    const { ByteBpeTokenizer } = await import('../tokenizers/bytes/trained.js');
    const { GPT2_SPLIT } = await import('../tokenizers/bytes/split.js');
    const trainedBpe = ByteBpeTokenizer.train(text, {
      vocabSize: 280,
      split: GPT2_SPLIT,
      specials: [],
    });
    for (const tokenizer of [await bertBaseUncased(), trainedBpe]) {
      const data = datasetFromText(text, tokenizer, { name: 'mine' });
      using session = await startRun({ ...mlp, data: 'mine' }, { folder, data });
      session.trainer.saveStart();
      using own = await openMemoryRun(read(session.run.path));
      expect(own.tokenizer.fingerprint).toBe(tokenizer.fingerprint);
      expect(own.tokenizer.encode(text)).toEqual(tokenizer.encode(text));
      expect(valuesOf(own.model)).toEqual(valuesOf(session.model));
    }
  });

  it.each(['bpe-bytes', 'unigram', 'unigram-bytes', 'bpe-suffix'])(
    'opens and goes on with a run over the SentencePiece model %s, in the ids of the command line',
    async (model) => {
      const file = path.join('test', 'goldens', 'tokenizers', `${model}.model`);
      const tokenizer = SentencePieceTokenizer.fromFile(file, 'mine');
      const data = datasetFromText(text, tokenizer, { name: 'my-text' });
      using session = await startRun({ ...mlp, data: 'my-text' }, { folder, data });
      await session.trainer.train();
      const own = await openMemoryRun(read(session.run.path));
      expect(own.tokenizer.fingerprint).toBe(tokenizer.fingerprint);
      for (const sample of [text, 'ﬁ ① ünd\u0301 漢☃\ufeff <s>', '']) {
        expect(own.tokenizer.encode(sample)).toEqual(tokenizer.encode(sample));
      }
      expect(valuesOf(own.model)).toEqual(valuesOf(session.model));
      own[Symbol.dispose]();
      using resumed = await resumeMemoryRun(own.run, text, { steps: 44 });
      expect((await resumed.trainer.train()).step).toBe(44);
      using back = await openRun(write(resumed.run.files()));
      expect(back.tokenizer.fingerprint).toBe(tokenizer.fingerprint);
      expect(valuesOf(back.model)).toEqual(valuesOf(resumed.model));
    },
  );

  it('makes of a text the very SentencePiece model that the command line makes of it', async () => {
    const words = Array.from({ length: 24_000 }, (_, i) => {
      const mixed = Math.imul(i + 1, 2_654_435_761) >>> 0;
      return (mixed.toString(26) + i.toString(26)).replace(/\d/g, (d) => 'qrstuvwxyz'[Number(d)]!);
    });
    const long = `${words.join(' ').replace(/(.{60}) /g, '$1\n')}\n`;
    const [ours, theirs] = [
      await makeTokenizer('shakespeare', long),
      await createTokenizer('shakespeare', { text: () => long }),
    ];
    expect(ours.vocabSize).toBe(32_000);
    expect(ours.fingerprint).toBe(theirs.fingerprint);
    expect(ours.toFiles?.()).toEqual(theirs.toFiles?.());
    await expect(makeTokenizer('shakespeare', text)).rejects.toThrow(
      /^Vocabulary size too high \(32000\).* needs a longer text; char and gpt2 take any\.$/,
    );
  });

  it('refuses what is no run, is damaged, or is another text, in one line', async () => {
    const changed = (name: string, change: (bytes: Uint8Array) => Uint8Array | undefined) => {
      const files = new Map(trained);
      const bytes = change(files.get(name)!.slice());
      if (bytes) files.set(name, bytes);
      else files.delete(name);
      return files;
    };
    const utf8 = (content: string) => () => new TextEncoder().encode(content);
    const model = 'checkpoints/step-000040/model.safetensors';
    const flipped = (bytes: Uint8Array) => {
      bytes[bytes.length - 3]! ^= 4;
      return bytes;
    };
    const cases: [ReadonlyMap<string, Uint8Array>, RegExp][] = [
      [new Map(), /no run: expected a config\.json/],
      [changed('config.json', utf8('{')), /config\.json: is damaged: not valid JSON/],
      [changed('config.json', utf8('{"format":"x"}')), /config\.json: is not a run/],
      [changed('config.json', utf8('['.repeat(5000))), /nested too deep/],
      [changed(model, flipped), /model\.safetensors: is damaged/],
      [changed(model, (bytes) => bytes.subarray(9)), /model\.safetensors: is damaged/],
      [changed(model, () => undefined), /model\.safetensors: is missing/],
      [changed('checkpoints/step-000040/state.json', flipped), /state\.json: is damaged/],
      [changed('checkpoints/latest', () => undefined), /no checkpoint yet/],
      [changed('checkpoints/latest', utf8('../../etc')), /state\.json: is missing/],
      [changed('tokenizer/nanogpt-tokenizer.json', () => undefined), /one of its files is missing/],
      [
        changed(
          'tokenizer/nanogpt-tokenizer.json',
          utf8(
            '{"format":"nanogpt-tokenizer","version":1,"kind":"char","name":"char","characters":["a"]}',
          ),
        ),
        /has 1 tokens, and its config\.json says/,
      ],
      [
        changed(
          'tokenizer/nanogpt-tokenizer.json',
          utf8('{"format":"nanogpt-tokenizer","version":1,"kind":"mine","name":"mine"}'),
        ),
        /of the kind "mine", which a browser does not have/,
      ],
    ];
    for (const [files, problem] of cases) {
      await expect(openMemoryRun(files)).rejects.toThrow(problem);
      const error = await openMemoryRun(files).catch((error: Error) => error.message);
      expect(error).not.toContain('\n');
    }
    await expect(resumeMemoryRun(MemoryRun.open(trained), `${text}!`)).rejects.toThrow(
      /not the text that mlp-chars.* was trained on/,
    );
    await expect(startMemoryRun(mlp, { name: 'tiny_shakespeare', text })).rejects.toThrow(
      /tiny_shakespeare: expected the text with SHA-256 86c4/,
    );
    await expect(startMemoryRun(mlp, { name: 'short', text: 'ab' })).rejects.toThrow(
      /the train split has 1 tokens/,
    );
    await expect(
      startMemoryRun({ ...mlp, tokenizer: 'no-such' }, { name: 'my-text', text }),
    ).rejects.toThrow(/none of those that a browser has/);
  });
});
