/**
 * Small trainings of every kind of model, on however many ranks there are; rank 0 prints a line of JSON: by
 * model, a checksum of its state and what was measured on the way. Argument: the compiled package.
 */
import path from 'node:path';
import { crc32 } from 'node:zlib';

const [compiled] = process.argv.slice(2);
const load = (part) => import(path.join(compiled, part, 'index.js'));
const { joinRanks } = await load('distributed');
const { models } = await load('models');
const { tensor } = await load('tensor');
const { buildSettings } = await load('runs');
const { createModel, Trainer } = await load('train');

const joined = joinRanks();
const { ranks } = joined;
const V = 23;
const ids = Uint16Array.from({ length: 600 }, (_, i) => (i * i + (i >> 2)) % V);
const split = (from, to) => ({ ids: ids.subarray(from, to), bytes: to - from });
const splits = { train: split(0, 400), validation: split(400, 600), test: split(0, 0) };
const tokenizer = { vocabSize: V, decode: (list) => 'x'.repeat(list.length) };

const TRAINING = {
  steps: 5,
  batchSize: 8,
  batchParts: 4,
  evalInterval: 2,
  evalBatches: 5,
  logInterval: 2,
  warmupSteps: 0,
};
const SMALL_GPT = { blockSize: 8, nLayer: 2, nHead: 2, nEmbd: 8 };
const WAVENET = { nEmbd: 4, nResidual: 4, nGate: 4, nSkip: 4 };
const CASES = {
  'bigram, counted': ['bigram', 'counted'],
  'bigram, learned': ['bigram', 'learned', {}],
  mlp: ['mlp', 'chars', { blockSize: 4, nEmbd: 6, nHidden: 10, optimizer: 'sgd' }],
  // Wide enough that ranks update stretches of it.
  'mlp, wide': ['mlp', 'chars', { blockSize: 4, nEmbd: 6, nHidden: 1501, optimizer: 'sgd' }],
  'mlp, wide, overlapped': [
    'mlp',
    'chars',
    { blockSize: 4, nEmbd: 6, nHidden: 1501, optimizer: 'sgd', overlapExchange: true },
  ],
  // A last layer that ranks share out, each its part of the vocabulary; every third step somebody looks at gradients.
  'mlp, shared vocabulary': [
    'mlp',
    'chars',
    {
      ...{ blockSize: 4, nEmbd: 6, nHidden: 901, optimizer: 'sgd', batchSize: 64 },
      ...{ steps: 8, logInterval: 3, evalInterval: 5 },
    },
    { vocabSize: 151 },
  ],
  'mlp with norm': ['mlp', 'chars', { blockSize: 4, nEmbd: 6, nHidden: 10, norm: 'batch' }],
  hierarchical: ['hierarchical', 'small', { nEmbd: 4, nHidden: 6, labelSmoothing: 0.1 }],
  wavenet: ['wavenet', 'small', WAVENET],
  'wavenet, dilated': ['wavenet', 'dilated', { ...WAVENET, norm: 'batch', blockSize: 8 }],
  gpt: ['gpt', 'char', { ...SMALL_GPT, dropout: 0.2, clipNorm: 0.5, emaDecay: 0.9 }],
  'gpt, twelve micro-batches': ['gpt', 'char', { ...SMALL_GPT, gradAccumulation: 3 }],
  // Matrices that are handed over early, with gradients of micro-batches before the last to be added to them.
  'gpt, overlapped': [
    'gpt',
    'char',
    { ...SMALL_GPT, nEmbd: 96, gradAccumulation: 2, clipNorm: 0.5, overlapExchange: true },
  ],
  'gpt, sharded, overlapped': [
    'gpt',
    'char',
    { ...SMALL_GPT, nEmbd: 96, shardOptimizer: true, overlapExchange: true },
  ],
  'gpt, sharded': ['gpt', 'char', { ...SMALL_GPT, shardOptimizer: true }],
  'llama, muon': ['llama', 'char', { ...SMALL_GPT, optimizer: 'muon', shardOptimizer: true }],
};

async function trained(kind, preset, overrides, { vocabSize = V } = {}) {
  const definition = models.get(kind);
  const built = buildSettings(definition, { preset, overrides });
  const model = createModel(built, vocabSize);
  const events = [];
  const data = { splits, tokenizer };
  const trainer = new Trainer({ model, training: built.training, seed: 1, data, ranks });
  trainer.on('step', ({ step, loss, gradNorm }) => events.push([step, loss, gradNorm]));
  trainer.on('evaluation', ({ loss, emaLoss }) => events.push([loss, emaLoss]));
  const { validation } = await trainer.train();
  const state = [...model.stateDict().values()].map((tensor) => tensor.dataSync());
  return { state, events, validation: validation?.loss };
}

const results = {};
for (const [name, [kind, preset, settings, more]] of Object.entries(CASES)) {
  const overrides = settings ? { ...TRAINING, ...settings } : {};
  const { state, ...seen } = await trained(kind, preset, overrides, more);
  const sum = state.reduce((crc, data) => crc32(new Uint8Array(data.buffer), crc), 0);
  results[name] = { sum, ...seen };
}

/** Four tensors, of which each rank has its share, added up in place: large enough to be read, and of odd sizes. */
function summed() {
  const parts = [0, 1, 2, 3].map((part) =>
    [90_001, 70_003, 5].map((count, i) =>
      tensor(Float32Array.from({ length: count }, (_, at) => Math.sin(at * (part + 2) + i))),
    ),
  );
  const own = parts.slice((4 / ranks.size) * ranks.rank, (4 / ranks.size) * (ranks.rank + 1));
  while (own.length > 1) {
    for (let i = 0; i < own.length; i++) {
      const [more] = own.splice(i + 1, 1);
      own[i].forEach((sum, j) => void sum.addScaled_(more[j], 1));
    }
  }
  ranks.sum(own[0]);
  return own[0].reduce((crc, sum) => crc32(new Uint8Array(sum.dataSync().buffer), crc), 0);
}
results.sums = { sum: summed() };

// Normalised by the whole batch: alone because it is in one part, on ranks because they share its statistics.
const { state, events, validation } = await trained('mlp', 'chars', {
  ...TRAINING,
  ...CASES['mlp with norm'][2],
  optimizer: 'sgd',
  batchParts: ranks.size,
  syncBatchNorm: true,
});
const shared = [...state.flatMap((data) => [...data]), ...events.flat(), validation];
if (ranks.rank === 0) process.stdout.write(`${JSON.stringify({ results, shared })}\n`);
joined.leave();
process.exit(0);
