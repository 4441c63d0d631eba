/** Our reader of `tokenizer.json` beside the original library, on drawn files; NANOGPT_FUZZ says how many. */
import { Tokenizer as Original } from 'tokenizers';
import { describe, expect, it } from 'vitest';
import { HuggingFaceTokenizer } from '../src/tokenizers/hugging-face/tokenizer.js';
import { UserError } from '../src/util/errors.js';
import { Draw } from './draw.js';
import { anyIds, anyText, drawTokenizerJson } from './draw-tokenizer-json.js';

const count = Number(process.env['NANOGPT_FUZZ'] ?? 150);
/** The first seed, to repeat one case: NANOGPT_FUZZ=1 NANOGPT_FUZZ_SEED=… . */
const first = Number(process.env['NANOGPT_FUZZ_SEED'] ?? 1);
const TEXTS = 8;

describe('fuzz: tokenizer.json beside the original library', () => {
  it(`${count} drawn files, ${TEXTS} texts each`, { timeout: 7_200_000 }, async () => {
    let [compared, refused, inexpressible] = [0, 0, 0];
    for (let seed = first; seed < first + count; seed++) {
      const draw = new Draw(seed);
      const json = drawTokenizerJson(draw);
      const file = JSON.stringify(json);
      const what = (more: unknown) => `seed ${seed}: ${JSON.stringify(more)} with ${file}`;
      let original: Original;
      try {
        original = Original.fromString(file);
      } catch {
        refused++;
        continue;
      }
      const ours = new HuggingFaceTokenizer({ tokenizer: file }, 'drawn');
      for (let i = 0; i < TEXTS; i++) {
        const text = anyText(draw, json);
        let ids: number[] | undefined;
        try {
          ids = [...ours.encode(text, { special: true })];
        } catch (error) {
          // The original drops without a word what its vocabulary cannot express.
          expect(error, what(text)).toBeInstanceOf(UserError);
          expect((error as Error).message, what(text)).toContain('is not in the vocabulary');
          inexpressible++;
        }
        if (ids) {
          const theirs = await original.encode(text, null, { addSpecialTokens: false });
          expect(ids, what(text)).toEqual(theirs.getIds());
          compared++;
        }
        const drawn = anyIds(draw, ours.vocabSize);
        const decoded = await original.decode(drawn, false);
        expect(ours.decode(drawn), what(drawn)).toBe(decoded);
        const stream = ours.decodeStream();
        const streamed = drawn.map((id) => stream.push(id)).join('') + stream.end();
        expect(streamed, what(drawn)).toBe(decoded);
      }
    }
    expect(compared).toBeGreaterThan(count * TEXTS * 0.5);
    if (count > 1000) console.log({ compared, refused, inexpressible });
  });
});
