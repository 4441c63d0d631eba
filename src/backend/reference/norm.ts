/**
 * Normalisation, of rows (layer, RMS) and of columns (batch). Written as the papers have it: mean,
 * variance, `(x − mean) / √(variance + eps)`, then gain and shift; and its gradient as
 *
 *     dx = rstd · (g − mean of g − x̂ · mean of g·x̂),   g = dy · weight
 *
 * where the two means are over whatever the statistics were taken over: they are what comes back
 * through mean and variance, and are missing where the statistics were given.
 */
import type { HostArray } from './memory.js';

/** Where the elements of one group lie: `start`, `start + stride` and so on, `count` of them. */
interface Group {
  start: number;
  stride: number;
  count: number;
}

function total(group: Group, term: (at: number) => number): number {
  let sum = 0;
  for (let i = 0; i < group.count; i++) sum += term(group.start + i * group.stride);
  return sum;
}

function moments(x: HostArray, group: Group): { mean: number; variance: number } {
  const mean = total(group, (at) => x[at]) / group.count;
  return { mean, variance: total(group, (at) => (x[at] - mean) ** 2) / group.count };
}

/** Each row of (rows, cols) by its own mean (0 unless `centred`) and variance. Ba et al. 2016; Zhang & Sennrich 2019. */
export function layerNorm(
  out: HostArray,
  mean: HostArray,
  rstd: HostArray,
  x: HostArray,
  weight: HostArray | null,
  bias: HostArray | null,
  rows: number,
  cols: number,
  eps: number,
  centred: boolean,
): void {
  for (let r = 0; r < rows; r++) {
    const row = { start: r * cols, stride: 1, count: cols };
    const of = centred
      ? moments(x, row)
      : { mean: 0, variance: total(row, (at) => x[at] ** 2) / cols };
    const scale = 1 / Math.sqrt(of.variance + eps);
    if (centred) mean[r] = of.mean;
    rstd[r] = scale;
    for (let c = 0; c < cols; c++) {
      const normalised = (x[row.start + c] - of.mean) * scale;
      out[row.start + c] = normalised * (weight ? weight[c] : 1) + (bias ? bias[c] : 0);
    }
  }
}

/** `dweight = Σ dy·x̂` and `dbias = Σ dy` over the rows, and dx as above. */
export function layerNormBackward(
  dx: HostArray | null,
  dweight: HostArray | null,
  dbias: HostArray | null,
  dy: HostArray,
  x: HostArray,
  mean: HostArray,
  rstd: HostArray,
  weight: HostArray | null,
  rows: number,
  cols: number,
  centred: boolean,
): void {
  const gain = (at: number) => (weight ? weight[at % cols] : 1);
  const normalised = (at: number) => {
    const r = Math.floor(at / cols);
    return (x[at] - (centred ? mean[r] : 0)) * rstd[r];
  };
  for (let c = 0; c < cols; c++) {
    const column = { start: c, stride: cols, count: rows };
    if (dweight) dweight[c] = total(column, (at) => dy[at] * normalised(at));
    if (dbias) dbias[c] = total(column, (at) => dy[at]);
  }
  if (!dx) return;
  for (let r = 0; r < rows; r++) {
    const row = { start: r * cols, stride: 1, count: cols };
    const meanG = centred ? total(row, (at) => dy[at] * gain(at)) / cols : 0;
    const meanGX = total(row, (at) => dy[at] * gain(at) * normalised(at)) / cols;
    for (let at = row.start; at < row.start + cols; at++) {
      dx[at] = rstd[r] * (dy[at] * gain(at) - meanG - normalised(at) * meanGX);
    }
  }
}

/** Each channel of each part of (parts, rows, channels) by its mean and variance, computed or given. Ioffe & Szegedy 2015. */
export function batchNorm(
  out: HostArray,
  mean: HostArray,
  variance: HostArray,
  x: HostArray,
  weight: HostArray | null,
  bias: HostArray | null,
  parts: number,
  rows: number,
  channels: number,
  eps: number,
  given: boolean,
): void {
  if (rows === 0) return;
  for (let p = 0; p < parts; p++) {
    for (let c = 0; c < channels; c++) {
      const at = p * channels + c;
      const column = { start: p * rows * channels + c, stride: channels, count: rows };
      const of = given ? { mean: mean[at], variance: variance[at] } : moments(x, column);
      if (!given) {
        mean[at] = of.mean;
        variance[at] = of.variance;
      }
      const scale = (weight ? weight[c] : 1) / Math.sqrt(of.variance + eps);
      for (let r = 0; r < rows; r++) {
        const i = column.start + r * channels;
        out[i] = (x[i] - of.mean) * scale + (bias ? bias[c] : 0);
      }
    }
  }
}

/** As `layerNormBackward`, down the columns; with given statistics `dx = weight · rstd · dy`. */
export function batchNormBackward(
  dx: HostArray | null,
  dweight: HostArray | null,
  dbias: HostArray | null,
  dy: HostArray,
  x: HostArray,
  mean: HostArray,
  variance: HostArray,
  weight: HostArray | null,
  parts: number,
  rows: number,
  channels: number,
  eps: number,
  given: boolean,
): void {
  for (let c = 0; c < channels; c++) {
    let sumOfProducts = 0;
    let sum = 0;
    for (let p = 0; p < parts; p++) {
      const statistic = p * channels + c;
      const rstd = 1 / Math.sqrt(variance[statistic] + eps);
      const normalised = (at: number) => (x[at] - mean[statistic]) * rstd;
      const column = { start: p * rows * channels + c, stride: channels, count: rows };
      const products = total(column, (at) => dy[at] * normalised(at));
      const gradients = total(column, (at) => dy[at]);
      sumOfProducts += products;
      sum += gradients;
      if (!dx) continue;
      const [meanDy, meanProduct] = [gradients / rows, products / rows];
      for (let r = 0; r < rows; r++) {
        const at = column.start + r * channels;
        const back = given ? dy[at] : dy[at] - meanDy - normalised(at) * meanProduct;
        dx[at] = (weight ? weight[c] : 1) * rstd * back;
      }
    }
    if (dweight) dweight[c] = sumOfProducts;
    if (dbias) dbias[c] = sum;
  }
}
