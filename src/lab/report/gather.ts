/** What a report shows, read from the runs' folders. */
import fs from 'node:fs';
import path from 'node:path';
import { versions } from '../../runs/index.js';
import { flopsPerToken, modelDefinition } from '../../train/index.js';
import { UsageError, UserError } from '../../util/errors.js';
import { ProbeCache, type TensorReply } from '../explorer/inside.js';
import { yardsticksOf } from '../explorer/yardsticks.js';
import type { ReportData, ReportRun } from '../protocol.js';
import { samplesOf } from '../samples.js';
import { RunStore } from '../store.js';
import { reportCurves } from './curves.js';

/** Characters of a run's histograms; of more, every second measured step is left out, and again. */
const MOST_TENSOR_TEXT = 6_000_000;

/**
 * Gathers all that is shown of some runs.
 *
 * @param prepare called with each run's folder: it imports what registers its model. What it throws leaves out what
 *   needs the model.
 * @throws UserError for a folder that is no run or is damaged; UsageError for two of one name.
 */
export async function gatherReport(
  folders: readonly string[],
  prepare: (folder: string) => Promise<void>,
): Promise<ReportData> {
  const runs: ReportRun[] = [];
  for (const folder of folders) {
    const run = await gatherRun(fs.realpathSync(folder), prepare);
    if (runs.some(({ row }) => row.name === run.row.name)) {
      throw new UsageError(
        `report: expected runs of different names, got two that are called ${run.row.name}.`,
      );
    }
    runs.push(run);
  }
  return { written: new Date().toISOString(), version: versions().nanogpt, runs };
}

async function gatherRun(
  folder: string,
  prepare: (folder: string) => Promise<void>,
): Promise<ReportRun> {
  const name = path.basename(folder);
  const store = new RunStore(path.dirname(folder));
  const { problem } = store.row(name);
  if (problem !== undefined) throw new UserError(`${name}: ${problem}`);
  const config = store.config(name);
  const series = await store.series(name);
  const flops = await unlessRefused(async () => {
    await prepare(folder);
    return flopsPerToken(config, config.vocabSize, modelDefinition(config.model));
  });
  const yardsticks = await unlessRefused(() => yardsticksOf(folder));
  const row = await store.fullRow(name);
  const probes = new ProbeCache();
  return {
    row,
    curves: { ...reportCurves(config, series, flops ?? Number.NaN), name },
    ...(row.hasProbes && { inside: probes.inside(folder, config.training.clipNorm) }),
    tensors: row.hasProbes ? fewer(probes.tensors(folder, '*', Infinity).tensors) : [],
    ...(yardsticks && { yardsticks }),
    samples: samplesOf(folder),
  };
}

/** What can be had without is left out: a model that is not registered here, a text that is gone. */
async function unlessRefused<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function fewer(tensors: readonly TensorReply[]): readonly TensorReply[] {
  let kept = tensors;
  while (JSON.stringify(kept).length > MOST_TENSOR_TEXT) {
    if (kept.every(({ steps }) => steps.length <= 2)) return kept.slice(0, kept.length >> 1);
    kept = kept.map(({ steps, statistics, ...rest }) => {
      // The last one stays.
      const isKept = (_: unknown, i: number) => (steps.length - 1 - i) % 2 === 0;
      return { ...rest, steps: steps.filter(isKept), statistics: statistics.filter(isKept) };
    });
  }
  return kept;
}
