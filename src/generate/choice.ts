/** What a model thought of a token that was chosen: how likely it was, and what else might have come. */

/** A token and how likely it was. */
export interface Alternative {
  id: number;
  probability: number;
}

/** A token that was written, and the model's own distribution at its place. */
export interface TokenChoice extends Alternative {
  /** −ln of its probability, in nats: what this token adds to a loss. */
  surprise: number;
  /** −Σ p ln p over all tokens, in nats: the surprise to be expected here. */
  entropy: number;
  /** The likeliest tokens, the chosen one among them or not; of equals the lower id first. */
  alternatives: Alternative[];
  /** The likeliest of what it was drawn from, after temperature, penalties and filters; where that was asked for. */
  drawn?: Alternative[];
}

/**
 * What the model itself makes of the logits: their softmax, before temperature, penalties and filters. Computed
 * in double precision.
 *
 * @param logits by id; none NaN or +∞, not all −∞.
 * @param id the token that was chosen.
 * @param count how many alternatives to name.
 */
export function choiceOf(logits: ArrayLike<number>, id: number, count: number): TokenChoice {
  let greatest = -Infinity;
  for (let i = 0; i < logits.length; i++) greatest = Math.max(greatest, logits[i]!);
  let total = 0;
  let weighted = 0; // Σ of weight · logit, logits less the greatest
  for (let i = 0; i < logits.length; i++) {
    const logit = logits[i]! - greatest;
    const weight = Math.exp(logit);
    if (weight === 0) continue; // 0 · −∞ is no number
    total += weight;
    weighted += weight * logit;
  }
  const logTotal = Math.log(total);
  const logOf = (i: number) => logits[i]! - greatest - logTotal;
  const surprise = Math.max(0, -logOf(id));
  return {
    id,
    probability: Math.exp(-surprise),
    surprise,
    entropy: Math.max(0, logTotal - weighted / total),
    alternatives: likeliestOf(logits, count).map((i) => ({
      id: i,
      probability: Math.exp(logOf(i)),
    })),
  };
}

/** Ids of the `count` greatest, in order: one pass, with a list of those found so far. */
function likeliestOf(logits: ArrayLike<number>, count: number): number[] {
  const found: number[] = [];
  for (let id = 0; id < logits.length && count > 0; id++) {
    if (found.length === count && logits[id]! <= logits[found.at(-1)!]!) continue;
    let at = found.length;
    while (at > 0 && logits[found[at - 1]!]! < logits[id]!) at--;
    found.splice(at, 0, id);
    if (found.length > count) found.pop();
  }
  return found;
}
