/**
 * Runs whose files were spoilt, by thousands: listed, sampled, scored and gone on with, each works or ends
 * with a message to the user, soon, and changes nothing unless it works.
 *
 * A few hundred cases unless NANOGPT_FUZZ says how many; NANOGPT_FUZZ_SEED says where to begin.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tableOf } from '../src/cli/runs.js';
import { generate } from '../src/generate/index.js';
import { evaluate } from '../src/observe/index.js';
import { buildSettings, runsIn } from '../src/runs/index.js';
import { loadRunData, modelDefinition, openRun, resumeRun, startRun } from '../src/train/index.js';
import { UserError } from '../src/util/errors.js';
import { oneLine } from '../src/util/one-line.js';
import { Generator } from '../src/util/random.js';
import { Draw, filesIn, makePipe, pathsIn, spoil } from './run-folder-mutations.js';

const CASES = Number(process.env['NANOGPT_FUZZ'] ?? 200);
const FIRST = Number(process.env['NANOGPT_FUZZ_SEED'] ?? 0);
/** Milliseconds for one thing that is done with a run: a hundred times what it takes, on a busy machine. */
const TIME = 10_000;
const MEMORY = 1.5e9;
/** Work of one step that is waited for. */
const PATIENCE = 1000;
/** Characters of a message. */
const LONGEST = 2000;

let scratch: string;
let pipe: string;
const templates: string[] = [];

beforeAll(async () => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'nanogpt-fuzz-'));
  process.env['NANOGPT_CACHE_DIR'] = path.join(scratch, 'cache');
  pipe = makePipe(path.join(scratch, 'pipe'));
  const data = path.join(scratch, 'text.txt');
  fs.writeFileSync(data, Array.from({ length: 150 }, (_, i) => `${i} is ${i * i}; `).join(''));
  const begin = async (model: string, preset: string, overrides: Record<string, unknown>) => {
    const settings = buildSettings(modelDefinition(model), {
      preset,
      overrides: { data, tokenizer: 'char', ...overrides },
    });
    const name = `run${templates.length}`;
    const folder = path.join(scratch, 'templates');
    using session = await startRun(settings, { folder, name });
    await session.trainer.train();
    templates.push(session.run.path);
  };
  const small = {
    blockSize: 3,
    nEmbd: 4,
    nHidden: 8,
    batchSize: 4,
    warmupSteps: 0,
    evalBatches: 1,
  };
  const often = {
    steps: 6,
    evalInterval: 2,
    checkpointInterval: 3,
    sampleInterval: 3,
    sampleTokens: 3,
  };
  await begin('mlp', 'chars', { ...small, ...often, norm: 'batch' });
  await begin('mlp', 'chars', {
    ...small,
    ...often,
    optimizer: 'sgd',
    momentum: 0.9,
    schedule: 'constant',
  });
  await begin('bigram', 'counted', {});
}, 60_000);

afterAll(() => {
  delete process.env['NANOGPT_CACHE_DIR'];
  fs.rmSync(scratch, { recursive: true, force: true });
});

/** All that is in a folder: names, kinds, and the contents of files. */
function snapshot(folder: string): string {
  const hash = createHash('sha256');
  for (const file of pathsIn(folder)) {
    const stat = fs.lstatSync(file);
    hash.update(`${path.relative(folder, file)} ${stat.mode} ${stat.size}\n`);
    if (stat.isFile() && stat.size < 1e8) hash.update(fs.readFileSync(file));
  }
  return hash.digest('hex');
}

/** What is done with a run; each works, or throws. */
const USES: Record<string, (run: string) => Promise<void>> = {
  runs: async (run) => void tableOf(runsIn(path.dirname(run))),
  sample: async (run) => {
    using opened = await openRun(run, { from: 'latest' });
    const { model, tokenizer } = opened;
    tokenizer.decode(generate(model, [0], { maxTokens: 3, seed: 0 }));
  },
  eval: async (run) => {
    using opened = await openRun(run);
    const data = await loadRunData(opened.run);
    evaluate(opened.model, {
      name: 'validation',
      ...data.splits.validation,
      tokenizer: data.tokenizer,
    });
  },
};

/** Cases that are reported; the first few say enough. */
const REPORTED = 20;

/** Spoils one run, and tries everything with it; returns what worked and what is wrong. */
async function tryCase(seed: number, others: readonly string[]) {
  const run = path.join(scratch, 'runs', 'case');
  const draw = new Draw(new Generator(seed, 77));
  fs.rmSync(path.dirname(run), { recursive: true, force: true });
  fs.cpSync(draw.of(templates), run, { recursive: true });
  const done = [spoil(run, draw, others, pipe)];
  while (draw.below(3) === 0) done.push(spoil(run, draw, others, pipe));
  const before = snapshot(run);
  const worked: string[] = [];
  const faults: string[] = [];
  const attempt = async (use: string, action: () => Promise<void>, mayChange: () => boolean) => {
    const fault = (what: string) =>
      faults.push(`seed ${seed}: ${done.join('; ')}: ${use}: ${what}`);
    const began = performance.now();
    try {
      await action();
      worked.push(use);
    } catch (error) {
      if (!(error instanceof UserError)) fault((error as Error).stack!);
      else if (oneLine(error.message).length > LONGEST) fault(error.message.slice(0, LONGEST));
    }
    if (performance.now() - began > TIME) fault('took too long');
    if (!mayChange() && snapshot(run) !== before) fault('changed the run');
    if (process.memoryUsage().rss > MEMORY) fault('took too much memory');
  };
  for (const [use, action] of Object.entries(USES)) {
    await attempt(
      use,
      () => action(run),
      () => false,
    );
  }
  let isOpen = false;
  const resume = async () => {
    using session = await resumeRun(run, { overrides: { steps: 8 } });
    isOpen = true;
    // A million micro-batches in a step are no mistake, but nothing to wait for.
    const { gradAccumulation, preciseBatches, sampleTokens } = session.trainer.training;
    if (Math.max(gradAccumulation, preciseBatches, sampleTokens) > PATIENCE) return;
    session.trainer.on('step', () => session.trainer.stop());
    await session.trainer.train();
  };
  await attempt('resume', resume, () => isOpen);
  return { worked, faults };
}

it(
  `fuzz: ${CASES} spoilt runs work, or are refused in words, and are left as they were`,
  async () => {
    const others = templates.flatMap(filesIn);
    const counts: Record<string, number> = { runs: 0, sample: 0, eval: 0, resume: 0 };
    const found: string[] = [];
    for (let seed = FIRST; seed < FIRST + CASES && found.length < REPORTED; seed++) {
      const { worked, faults } = await tryCase(seed, others);
      for (const use of worked) counts[use]!++;
      found.push(...faults);
    }
    expect(found.join('\n')).toBe('');
    // Some of it does no harm, and some of it does.
    for (const [use, count] of Object.entries(counts)) {
      expect(count, use).toBeGreaterThan(0);
      if (use !== 'runs') expect(count, use).toBeLessThan(CASES);
    }
  },
  60_000 + CASES * 1000,
);
