/** Looking and counting: results without gradients. */
import { UserError } from '../../util/errors.js';
import type { Tensor } from '../tensor.js';
import { checkFloat, checkRange, checkWhole } from './check.js';

/** How many elements lie in each of `bins` equal bins over [low, high], as `torch.histc`: int32 (bins). */
export function histogram(x: Tensor, bins: number, low: number, high: number): Tensor {
  checkFloat('histogram', x);
  checkWhole('histogram', 'bins', bins, 1);
  checkRange('histogram', 'low', low);
  checkRange('histogram', 'high', high);
  if (!(low < high && Number.isFinite(high - low))) {
    throw new UserError(`histogram: expected low < high, finite, got [${low}, ${high}]`);
  }
  const counts = x.empty([bins], 'int32');
  x.backend.histogram(counts.pointer, x.pointer, x.numel, low, high, bins);
  return counts;
}

/** Position of the first NaN or infinity, or −1. */
export function firstNonFinite(x: Tensor): number {
  checkFloat('firstNonFinite', x);
  return x.backend.firstNonFinite(x.pointer, x.numel);
}
