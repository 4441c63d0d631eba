/** `nanogpt train --init-from`: a new run that begins with the weights of another, or of a published model. */
import type { Ranks } from '../distributed/index.js';
import {
  type Follower,
  followStart,
  initialSettings,
  isRunFolder,
  type Session,
  type SessionOptions,
  startRun,
} from '../train/index.js';
import { UsageError } from '../util/errors.js';
import { openNamedInitial } from './initial.js';
import type { Output } from './output.js';
import { placeOf } from './place.js';
import { overridesOf } from './settings.js';
import { prepareBackend } from './threads.js';
import type { TrainOptions } from './train.js';

export async function openInitialised(
  name: string | undefined,
  options: TrainOptions,
  session: SessionOptions & { ranks: Ranks },
  output: Output,
): Promise<Session | Follower> {
  const from = options.initFrom!;
  const place = options.out === undefined ? {} : placeOf(options.out);
  prepareBackend(output, options.threads);
  const { onProgress, signal } = session;
  const { tokenizer } = options;
  const blockSize = blockSizeOf(options.set ?? []);
  using initial = await openNamedInitial(
    from,
    { tokenizer, blockSize, checkpoint: options.checkpoint, ema: options.ema },
    { onProgress, signal },
    output,
  );
  const { definition } = initial;
  if (name !== undefined && name !== definition.name) {
    throw new UsageError(
      `${from} holds a model of the kind ${definition.name}, not ${name}. Leave the name out.`,
    );
  }
  const overrides = overridesOf(definition, options);
  const settings = initialSettings(initial, { preset: options.preset, overrides });
  // A run's own text is one that was asked for; that of a published model's first lesson is not.
  const fallback = overrides['data'] === undefined && !isRunFolder(initial.from);
  return await (session.ranks.rank === 0 ? startRun : followStart)(settings, {
    ...session,
    ...place,
    initial,
    fallback,
  });
}

/** `blockSize` among `--set`: a published model has to be opened with it. */
function blockSizeOf(pairs: readonly string[]): number | undefined {
  const [, given] =
    pairs.map((pair) => /^\s*blockSize\s*=\s*(\d+)\s*$/.exec(pair)).find(Boolean) ?? [];
  return given === undefined ? undefined : Number(given);
}
