/**
 * One of the ranks that are timed. Its argument, JSON, says what: sums of tensors by size, or steps of a
 * model. Rank 0 prints the times, in milliseconds, as JSON.
 */
import {
  buildSettings,
  createModel,
  currentBackend,
  joinRanks,
  models,
  Trainer,
  zeros,
} from 'nanogpt';
import type { RanksJob } from '../distributed.js';

const job = JSON.parse(process.argv[2]!) as RanksJob;
const joined = joinRanks();
const { ranks } = joined;

function timeSums(counts: readonly number[], repeats: number): number[][] {
  return counts.map((count) => {
    const x = zeros([count]).retain();
    const times: number[] = [];
    for (let i = 0; i < repeats; i++) {
      ranks.reduce(new Float64Array(1), Math.max); // all begin together
      const began = performance.now();
      ranks.sum([x]);
      times.push(performance.now() - began);
    }
    x.dispose();
    return times;
  });
}

async function timeSteps(kind: string, preset: string, overrides: object): Promise<number[]> {
  const definition = models.get(kind)!;
  const settings = buildSettings(definition, { preset, overrides: { ...overrides } });
  const vocabSize = kind === 'mlp' ? 50_281 : 65;
  const ids = Uint32Array.from({ length: 200_000 }, (_, i) => (i * 7919 + (i >> 5)) % vocabSize);
  const part = (from: number, to: number) => ({ ids: ids.subarray(from, to), bytes: to - from });
  const splits = { train: part(0, 2e5), validation: part(0, 0), test: part(0, 0) };
  const data = { splits, tokenizer: {} as never };
  const model = createModel(settings, vocabSize);
  const trainer = new Trainer({ model, training: settings.training, seed: 0, data, ranks });
  const times: number[] = [];
  let before = performance.now();
  trainer.on('step', () => {
    const now = performance.now();
    times.push(now - before);
    before = now;
  });
  await trainer.train();
  return times;
}

if (job.threads) currentBackend().setThreads(job.threads);
const times =
  'counts' in job
    ? timeSums(job.counts, job.repeats)
    : await timeSteps(job.kind, job.preset, job.overrides);
if (ranks.rank === 0) process.stdout.write(`${JSON.stringify(times)}\n`);
joined.leave();
process.exit(0);
