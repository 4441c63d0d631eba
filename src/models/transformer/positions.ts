/** Positions that are not learned. */
import { type Tensor, tensor } from '../../tensor/index.js';

/**
 * (length, C): sines in the even channels, cosines in the odd ones, of frequencies from 1 down to 1 / 10,000.
 * Vaswani et al. 2017, section 3.5.
 */
export function sinusoids(length: number, channels: number): Tensor {
  const values = new Float64Array(length * channels);
  for (let position = 0; position < length; position++) {
    for (let i = 0; i < channels; i++) {
      const angle = position * 10_000 ** (-(i - (i % 2)) / channels);
      values[position * channels + i] = i % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return tensor(values, { shape: [length, channels] });
}
