/** Whether all ranks still have the same model: they keep it so by the same arithmetic, and nothing else. */
import { gather, type Ranks } from '../distributed/ranks.js';
import type { Tensor } from '../tensor/index.js';
import { crc32 } from '../util/crc32.js';
import { UserError } from '../util/errors.js';
import type { Prepared } from './prepare.js';

/** Bytes that are read of a tensor at a time. */
const PIECE = 1 << 20;

/**
 * @throws UserError, on every rank, when one has other parameters or buffers than rank 0: another processor,
 *   say, with other kernels.
 */
export function requireSameModel(state: ReadonlyMap<string, Tensor>, ranks: Ranks): void {
  if (ranks.size === 1) return;
  let sum = 0;
  for (const tensor of state.values()) {
    for (let begin = 0; begin < tensor.numel; begin += PIECE / 4) {
      const count = Math.min(PIECE / 4, tensor.numel - begin);
      const { buffer } = tensor.alias([count], tensor.offset + begin).dataSync();
      sum = crc32(new Uint8Array(buffer), sum);
    }
  }
  const other = odd(gather(ranks, sum));
  if (other === undefined) return;
  throw new UserError(
    `rank ${other} no longer has the same model as rank 0, though both computed the same: its processor or its build of the kernels is another one. Train on machines of one kind.`,
  );
}

/** @throws UserError, on every rank, when one was given something else than rank 0: other settings, other data. */
export function requireSame(what: string, given: unknown, ranks: Ranks): void {
  if (ranks.size === 1) return;
  const other = odd(gather(ranks, crc32(JSON.stringify(given))));
  if (other === undefined) return;
  throw new UserError(
    `rank ${other} has ${what} than rank 0: start all ranks with the same command, where they find the same files.`,
  );
}

/** @throws UserError, on every rank, when one has other settings or another text than rank 0. */
export function requireSameSettings({ settings, data }: Prepared, ranks: Ranks): void {
  const { model, modelConfig, training, seed, split } = settings;
  const { sha256 } = data.info;
  const { vocabSize } = data.tokenizer;
  const given = { model, modelConfig, training, seed, split, sha256, vocabSize };
  requireSame('other settings or data', given, ranks);
}

/** The first rank whose number differs from that of rank 0. */
function odd(all: Float64Array): number | undefined {
  const at = all.findIndex((value) => value !== all[0]);
  return at < 0 ? undefined : at;
}
