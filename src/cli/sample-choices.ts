/** What else a model might have written, token by token, in lines. */
import type { TokenChoice } from '../generate/index.js';
import type { Tokenizer } from '../tokenizers/index.js';

/** A choice with the text of its tokens: for `--json`. */
export function spelled({ alternatives, ...choice }: TokenChoice, tokenizer: Tokenizer) {
  const withText = <T extends { id: number }>(token: T) => ({
    ...token,
    text: tokenizer.tokenToString(token.id),
  });
  return { ...withText(choice), alternatives: alternatives.map(withText) };
}

/**
 * A line for each token: what was chosen, its surprise and the entropy at its place in nats, and the likeliest
 * tokens with their probabilities; then what the text costs on average.
 */
export function choiceLines(choices: readonly TokenChoice[], tokenizer: Tokenizer): string[] {
  if (choices.length === 0) return [];
  const word = (id: number) => JSON.stringify(tokenizer.tokenToString(id));
  const chosen = choices.map(({ id }) => word(id));
  const width = Math.min(24, Math.max('token'.length, ...chosen.map((text) => text.length)));
  const row = (token: string, surprise: string, entropy: string, rest: string) =>
    `${token.padEnd(width)}  ${surprise.padStart(8)}  ${entropy.padStart(7)}  ${rest}`.trimEnd();
  const lines = choices.map(({ surprise, entropy, alternatives }, i) => {
    const rest = alternatives.map(({ id, probability }) => `${word(id)} ${probability.toFixed(3)}`);
    return row(chosen[i]!, surprise.toFixed(3), entropy.toFixed(3), rest.join('  '));
  });
  const mean = (key: 'surprise' | 'entropy') =>
    (choices.reduce((sum, choice) => sum + choice[key], 0) / choices.length).toFixed(3);
  return [
    '',
    row('token', 'surprise', 'entropy', 'likeliest, by the model itself; nats'),
    ...lines,
    row('mean', mean('surprise'), mean('entropy'), ''),
  ];
}
