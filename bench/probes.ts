/**
 * What probes cost: training with them on, at their default interval, against training without. The steps that
 * are measured and those that are not alternate in one run, so that the machine's moods fall on both; how many of the
 * preset's steps are measured then says what share of the time goes there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSettings, isProbed, modelDefinition, startRun } from 'nanogpt';
import { median } from './statistics.js';

/** Presets whose cost is promised: less than 3 %. */
const CASES = [
  { model: 'mlp', preset: 'published', steps: 80 },
  { model: 'gpt', preset: 'char', steps: 120 },
];
/** A text that comes with the package. */
const DATA = 'moby_dick';

export interface ProbesResult {
  name: string;
  /** Milliseconds of a step that is not measured, and what measuring adds to one; medians. */
  step: number;
  extra: number;
  /** Measured steps of all, and bytes that they write in all. */
  measured: number;
  steps: number;
  bytes: number;
  /** Share of training time. */
  share: number;
}

export async function benchProbes(): Promise<ProbesResult[]> {
  const results: ProbesResult[] = [];
  for (const c of CASES) results.push(await benchOne(c));
  return results;
}

async function benchOne({ model, preset, steps }: (typeof CASES)[number]) {
  const definition = modelDefinition(model);
  const { training: usual } = buildSettings(definition, { preset, overrides: { probes: true } });
  const settings = buildSettings(definition, {
    preset,
    overrides: {
      data: DATA,
      steps,
      probes: true,
      probeInterval: 2,
      evalInterval: steps,
      warmupSteps: 0,
    },
  });
  const folder = mkdtempSync(join(tmpdir(), 'nanogpt-bench-'));
  try {
    using session = await startRun(settings, { folder, name: 'probed' });
    const times: number[] = [];
    let before = performance.now();
    session.trainer.on('step', () => {
      const now = performance.now();
      times.push(now - before);
      before = now;
    });
    const probed: number[] = [];
    let bytes = 0;
    session.trainer.on('probe', ({ model, tensors }) => {
      probed.push(model.step);
      bytes = JSON.stringify(model).length + JSON.stringify(tensors).length + 2;
    });
    await session.trainer.train();
    // Each measured step against its neighbours, the first ones left out.
    const extras = probed
      .filter((step) => step > 20 && step < steps && !probed.includes(step - 1))
      .map((step) => times[step - 1] - (times[step - 2] + times[step]) / 2);
    const plain = times.filter((_, i) => i > 20 && !probed.includes(i + 1));
    const [step, extra] = [median(plain), median(extras)];
    const measured = Array.from({ length: usual.steps }, (_, i) => i + 1).filter((each) =>
      isProbed(each, usual.probeInterval),
    ).length;
    return {
      name: `${model}/${preset}`,
      ...{ step, extra, measured, steps: usual.steps, bytes: bytes * measured },
      share: (measured * extra) / (usual.steps * step + measured * extra),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function formatProbes(results: readonly ProbesResult[]): string {
  return results
    .map(
      ({ name, step, extra, measured, steps, bytes, share }) =>
        `probes of ${name.padEnd(14)} ${extra.toFixed(1)} ms on ${measured} of ${steps} steps of ${step.toFixed(1)} ms: ${(100 * share).toFixed(1)} % of training time, ${(bytes / 1e6).toFixed(1)} MB`,
    )
    .join('\n');
}
