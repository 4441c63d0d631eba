/** A first loss that is too high. */
import { checkRange, checkWhole } from '../util/check.js';

/**
 * How far the loss of a fresh model may lie above ln V, that of a guess among all V tokens, without a
 * warning. Logits that are normal with standard deviation σ cost σ²/2 nats above it: at one nat the
 * model begins by unlearning confident nonsense (Karpathy's makemore began at 27 where ln 27 is 3.3).
 */
export const INITIAL_LOSS_MARGIN = 1;

/** A line about a first loss that is too high, or undefined; of NaN there is nothing to say. @throws UserError. */
export function initialLossWarning(loss: number, vocabSize: number): string | undefined {
  if (!Number.isNaN(loss)) checkRange('initialLossWarning', 'loss', loss);
  checkWhole('initialLossWarning', 'vocabSize', vocabSize, 1);
  const guess = Math.log(vocabSize);
  if (!(loss > guess + INITIAL_LOSS_MARGIN)) return undefined;
  return (
    `the first loss is ${loss.toFixed(2)}, but guessing among ${vocabSize} tokens would cost ln ${vocabSize} = ${guess.toFixed(2)}: ` +
    'the first steps go into shrinking the logits. Scale the initial weights of the output layer down.'
  );
}
