/**
 * What each switch of a transformer is worth on characters: gpt/char at nanoGPT's own learning rate, one setting
 * changed at a time, over the same seeds; the validation loss of the whole split at the end, and its difference from
 * gpt/char's, paired by seed.
 *
 *     npm run study switches                        all of them, five seeds: hours on two cores
 *     npm run study switches -- --only llama,norm   those that begin so
 *     npm run study switches -- --seeds 2 --steps 500
 *     npm run study switches -- --out FILE          where finished runs are kept, so that it goes on where it was
 *     npm run study switches -- --json              one line of JSON
 *
 * docs/models/gpt.md and docs/models/llama.md explain what is to be seen.
 */
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  buildSettings,
  currentBackend,
  evaluate,
  type LoadedDataset,
  loadDataset,
  manualSeed,
  modelDefinition,
  resolveTraining,
  Trainer,
  type TransformerConfig,
} from 'nanogpt';
import { chosenBy, wholeOption } from './options.js';

interface Switch {
  name: string;
  config: Partial<TransformerConfig>;
  /** What of the training differs. */
  training?: Record<string, unknown>;
}

/** What every switch is compared at: nanoGPT's config/train_shakespeare_char.py. */
const NANOGPT_RATE = { lr: 1e-3, minLr: 1e-4 };

const LLAMA = { norm: 'rms', position: 'rotary', activation: 'swiglu' } as const;

export const SWITCHES: readonly Switch[] = [
  { name: 'gpt/char', config: {} },
  { name: 'biases', config: { bias: true } },
  { name: 'head of its own', config: { tiedHead: false } },
  { name: 'norm rms', config: { norm: 'rms' } },
  { name: 'norm rms without gains', config: { norm: 'rms', normGain: false } },
  { name: 'norm none', config: { norm: 'none' } },
  { name: 'norm after', config: { normPlace: 'after' } },
  { name: 'positions rotary', config: { position: 'rotary' } },
  { name: 'positions sinusoidal', config: { position: 'sinusoidal' } },
  { name: 'positions none', config: { position: 'none' } },
  { name: 'activation relu', config: { activation: 'relu' } },
  { name: 'activation relu squared', config: { activation: 'reluSquared' } },
  { name: 'activation silu', config: { activation: 'silu' } },
  { name: 'activation swiglu', config: { activation: 'swiglu' } },
  { name: 'activation geglu', config: { activation: 'geglu' } },
  { name: 'activation reglu', config: { activation: 'reglu' } },
  { name: 'activation bilinear', config: { activation: 'bilinear' } },
  { name: 'activation glu', config: { activation: 'glu' } },
  { name: 'one head of keys and values', config: { nKvHead: 1 } },
  { name: 'parallel blocks', config: { parallel: true } },
  { name: 'windows of 16', config: { window: 16 } },
  { name: 'QK-norm', config: { qkNorm: true } },
  { name: 'zero projections', config: { zeroProjections: true } },
  { name: 'softcap 15', config: { logitSoftcap: 15 } },
  { name: 'residual scalars', config: { residualScalars: true } },
  { name: 'value embeddings', config: { valueEmbeddings: true } },
  { name: 'dropout 0.1', config: { dropout: 0.1 } },
  { name: 'llama', config: LLAMA },
  { name: 'llama, rate 3e-3', config: LLAMA, training: { lr: 3e-3, minLr: 3e-4 } },
  { name: 'llama, QK-norm', config: { ...LLAMA, qkNorm: true } },
  {
    name: 'llama, QK-norm, head of its own',
    config: { ...LLAMA, qkNorm: true, tiedHead: false },
  },
  { name: 'gpt/char, rate 3e-3', config: {}, training: { lr: 3e-3, minLr: 3e-4 } },
];

interface Run {
  name: string;
  seed: number;
  steps: number;
  parameters: number;
  /** Nats per character, over the whole validation split. */
  validation: number;
  seconds: number;
}

async function train(
  { name, config, training: own = {} }: Switch,
  data: LoadedDataset,
  steps: number,
  seed: number,
): Promise<Run> {
  const definition = modelDefinition('gpt');
  const { preset, modelConfig } = buildSettings(definition, { preset: 'char' });
  manualSeed(seed);
  const settings = definition.schema.parse({ ...modelConfig, ...config });
  using model = definition.create(settings, data.tokenizer.vocabSize);
  const training = resolveTraining(definition.presets[preset]!.training, {
    ...{ steps, evalInterval: steps, ...NANOGPT_RATE, ...own },
  });
  using trainer = new Trainer({ model, training, seed, data });
  const begin = performance.now();
  await trainer.train();
  const seconds = (performance.now() - begin) / 1000;
  const { tokenizer, splits } = data;
  const { loss } = evaluate(model.eval(), { name: 'validation', ...splits.validation, tokenizer });
  return { name, seed, steps, parameters: model.parameterCount(), validation: loss, seconds };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** The mean difference from the base over the seeds that both have, and its standard error. */
function difference(runs: readonly Run[], base: readonly Run[]) {
  const gaps = runs.flatMap(({ seed, validation }) => {
    const other = base.find((run) => run.seed === seed);
    return other ? [validation - other.validation] : [];
  });
  const gap = mean(gaps);
  const variance = gaps.reduce((sum, x) => sum + (x - gap) ** 2, 0) / Math.max(1, gaps.length - 1);
  return { gap, error: Math.sqrt(variance / gaps.length), seeds: gaps.length };
}

/** The table, in Markdown. */
export function table(all: readonly Run[]): string {
  const of = (name: string) => all.filter((run) => run.name === name);
  const base = of(SWITCHES[0]!.name);
  const rows = SWITCHES.flatMap(({ name }) => {
    const runs = of(name);
    if (runs.length === 0) return [];
    const { gap, error, seeds } = difference(runs, base);
    const sign = gap < 0 ? '−' : '+';
    const cell =
      name === SWITCHES[0]!.name || seeds === 0 ? '' : `${sign}${Math.abs(gap).toFixed(4)}`;
    const spread = cell === '' ? '' : ` ± ${error.toFixed(4)}`;
    const loss = mean(runs.map(({ validation }) => validation)).toFixed(4);
    const seconds = mean(runs.map((run) => run.seconds)).toFixed(0);
    return [
      `| ${name} | ${runs[0]!.parameters.toLocaleString('en')} | ${loss} | ${cell}${spread} | ${runs.length} | ${seconds} |`,
    ];
  });
  return [
    '| changed | parameters | validation | difference ± standard error | seeds | seconds |',
    '|---|---:|---:|---:|---:|---:|',
    ...rows,
  ].join('\n');
}

function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string', default: '5' },
      steps: { type: 'string', default: '2000' },
      only: { type: 'string' },
      out: { type: 'string', default: 'runs/switches.json' },
      json: { type: 'boolean', default: false },
    },
  });
  const seeds = Array.from({ length: wholeOption('seeds', values.seeds) }, (_, seed) => seed);
  const steps = wholeOption('steps', values.steps);
  const switches = chosenBy(values.only, SWITCHES, 'switch');
  return { seeds, steps, switches, out: values.out, json: values.json };
}

/** The study: prints its table, or with `--json` one line. */
export async function switches(args: string[]): Promise<void> {
  const { seeds, steps, switches: chosen, out, json } = readOptions(args);
  const finished: Run[] = fs.existsSync(out) ? JSON.parse(fs.readFileSync(out, 'utf8')) : [];
  const data = await loadDataset({ tokenizer: 'char', split: [0.9, 0.1, 0] });
  const { name: backend, threads } = currentBackend();
  if (!json) console.log(`gpt/char, ${steps} steps; ${backend}, ${threads} threads\n`);
  // All switches with one seed, then with the next: stopped early, what is there can be compared.
  for (const seed of seeds) {
    for (const each of chosen) {
      const isDone = ({ name, steps: n, seed: s }: Run) =>
        name === each.name && n === steps && s === seed;
      if (finished.some(isDone)) continue;
      const run = await train(each, data, steps, seed);
      finished.push(run);
      fs.mkdirSync(path.dirname(out), { recursive: true });
      fs.writeFileSync(out, `${JSON.stringify(finished, null, 1)}\n`);
      if (!json) console.log(`${each.name}, seed ${seed}: ${run.validation.toFixed(4)}`);
    }
  }
  const mine = finished.filter((run) => run.steps === steps);
  if (json) console.log(JSON.stringify({ steps, runs: mine }));
  else console.log(`\n${table(mine)}`);
}
