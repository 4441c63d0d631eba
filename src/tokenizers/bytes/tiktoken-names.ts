/** The names of OpenAI's published encodings, apart from their tables, so that a list of them loads none. */

/** From GPT-2's on, in the order in which they came out. */
export const TIKTOKEN_NAMES = [
  'gpt2',
  'r50k_base',
  'p50k_base',
  'p50k_edit',
  'cl100k_base',
  'o200k_base',
  'o200k_harmony',
] as const;

export type TiktokenName = (typeof TIKTOKEN_NAMES)[number];

/** The encoding of that name, as its own type. */
export function tiktokenName(name: string): TiktokenName | undefined {
  return TIKTOKEN_NAMES.find((one) => one === name);
}
