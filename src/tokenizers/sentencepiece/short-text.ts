/** A text that is too short for the tokenizer `shakespeare`. */
import { UserError } from '../../util/errors.js';

/** Adds what to do: the original's words tell of a setting, which a tokenizer with a name does not have. */
export async function orLongerText<T>(training: Promise<T>): Promise<T> {
  try {
    return await training;
  } catch (error) {
    if (!(error instanceof UserError) || !/^Vocabulary size too high/.test(error.message)) {
      throw error;
    }
    throw new UserError(
      `${error.message} The tokenizer shakespeare needs a longer text; char and gpt2 take any.`,
      { cause: error },
    );
  }
}
