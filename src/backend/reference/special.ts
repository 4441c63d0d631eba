/**
 * The error function in double precision, which JavaScript lacks. Relative error below 1e-14.
 */

/** Below this |x| the series converges fast; above it the continued fraction does. */
const CROSSOVER = 1;

/**
 * erf(x) = 2/√π ∫₀ˣ exp(−t²) dt.
 */
export function erf(x: number): number {
  if (Math.abs(x) > CROSSOVER) return x > 0 ? 1 - erfcTail(x) : erfcTail(-x) - 1;
  return erfSeries(x);
}

/** erfc(x) = 1 − erf(x), without the cancellation that subtracting would bring for large x. */
export function erfc(x: number): number {
  if (x > CROSSOVER) return erfcTail(x);
  return x < -CROSSOVER ? 2 - erfcTail(-x) : 1 - erfSeries(x);
}

/**
 * erf(x) = 2/√π · exp(−x²) · Σₙ 2ⁿ x²ⁿ⁺¹ / (1·3·5···(2n+1)), for small |x|. All terms have the
 * same sign, so nothing cancels. Source: Abramowitz & Stegun, 7.1.6.
 */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > Math.abs(sum) * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/**
 * erfc(x) = exp(−x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + 2/(x + …))))), for x > 1, evaluated
 * from the inside out. n terms leave an error of about exp(−2x√(2n)), so 200/x² are enough for
 * double precision. Source: Abramowitz & Stegun, 7.1.14.
 */
function erfcTail(x: number): number {
  let fraction = x;
  for (let n = Math.ceil(10 + 250 / (x * x)); n >= 1; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction;
}

/** Φ(x), the distribution function of the standard normal: ½ erfc(−x/√2). */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x / Math.SQRT2);
}

/** φ(x) = exp(−x²/2)/√(2π), its density. */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}
