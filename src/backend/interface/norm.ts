/** Normalisation. */

export interface NormKernels<P> {
  /**
   * Every row of (rows, cols): `out = (x − mean) · rstd · weight + bias`, with the row's own mean and
   * `rstd = 1 / √(variance + eps)`, the variance divided by cols; both (rows) are written. weight and
   * bias have cols values, or are null for 1 and 0. Not `centred`: the mean counts as 0, so that the
   * variance is the mean of squares, and `mean` is left alone (it may be any pointer): RMSNorm. A NaN or
   * infinity becomes NaN; the rest of its row, and the row's statistics, are not promised then.
   * Sources: Ba, Kiros & Hinton 2016; Zhang & Sennrich 2019.
   */
  layerNorm(
    out: P,
    mean: P,
    rstd: P,
    x: P,
    weight: P | null,
    bias: P | null,
    rows: number,
    cols: number,
    eps: number,
    centred: boolean,
  ): void;
  /**
   * From x and the forward's mean and rstd, with x̂ = (x − mean) · rstd and g = dy · weight:
   * `dx = rstd · (g − mean g − x̂ · mean(g · x̂))`, means over the row, the first of them 0 unless
   * `centred`; `dweight = Σ dy · x̂`, `dbias = Σ dy` over the rows. What is null is not computed. `dx` may be `dy`.
   */
  layerNormBackward(
    dx: P | null,
    dweight: P | null,
    dbias: P | null,
    dy: P,
    x: P,
    mean: P,
    rstd: P,
    weight: P | null,
    rows: number,
    cols: number,
    centred: boolean,
  ): void;
  /**
   * x (parts, rows, channels): `out = (x − mean) / √(variance + eps) · weight + bias` in every channel of
   * every part, mean and variance (parts, channels). They are read when `given`; otherwise they are the
   * part's own, over its rows, the variance divided by the number of rows, and are written. weight and
   * bias have `channels` values, or are null for 1 and 0. Without rows nothing is written. Where statistics
   * are computed, NaN and infinity become NaN; what else shares their statistics is not promised then.
   * Source: Ioffe & Szegedy 2015.
   */
  batchNorm(
    out: P,
    mean: P,
    variance: P,
    x: P,
    weight: P | null,
    bias: P | null,
    parts: number,
    rows: number,
    channels: number,
    eps: number,
    given: boolean,
  ): void;
  /**
   * As `layerNormBackward`, over the rows of each part in place of the columns; `dweight` and `dbias`
   * (channels) are sums over all parts. With `given` statistics nothing comes back through them:
   * `dx = weight / √(variance + eps) · dy`.
   */
  batchNormBackward(
    dx: P | null,
    dweight: P | null,
    dbias: P | null,
    dy: P,
    x: P,
    mean: P,
    variance: P,
    weight: P | null,
    parts: number,
    rows: number,
    channels: number,
    eps: number,
    given: boolean,
  ): void;
}
