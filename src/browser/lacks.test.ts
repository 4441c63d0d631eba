import { expect, it } from 'vitest';
import { LARGE_VOCABULARIES } from './lacks.js';
import { BROWSER_TOKENIZERS, makeTokenizer } from './tokenizers.js';

it('knows how large the vocabularies are', async () => {
  // `char` is as large as its text, and `shakespeare` learns as many pieces as it is told: the other tests do that.
  const named = BROWSER_TOKENIZERS.filter((name) => name !== 'char');
  expect(Object.keys(LARGE_VOCABULARIES).sort()).toEqual([...named].sort());
  for (const name of named.filter((name) => name !== 'shakespeare')) {
    const { vocabSize } = await makeTokenizer(name, '');
    expect(vocabSize, name).toBe(LARGE_VOCABULARIES[name]);
  }
}, 60_000);
