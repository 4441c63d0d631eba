/**
 * Learns the pieces of a SentencePiece model of type BPE: the long part of a training, for a thread of its
 * own. What becomes of them is assemble.ts's, which the other thread loads meanwhile.
 */
import { UserError } from '../../util/errors.js';
import { utf8Decoder } from '../support.js';
import { type Learnt, trainPieces } from './bpe-trainer.js';
import { loadCorpus, type Source } from './corpus.js';
import { rulesOf } from './normalization-rules.js';
import { createNormalizer } from './normalizer.js';
import { completeSettings, type TrainerSettings } from './spec.js';
import { specialPieces } from './special-pieces.js';

/**
 * The pieces in order, the characters last.
 *
 * @param source what is trained on; `input` is only recorded.
 * @throws UserError, with the original's words, where the vocabulary is too small for the corpus.
 */
export async function learn(
  given: Partial<TrainerSettings>,
  source: Iterable<Source>,
  report: (share: number) => void = () => {},
): Promise<Learnt> {
  const settings = completeSettings(given);
  const specials = specialPieces(settings);
  const normalizer = createNormalizer({
    rules: await rulesOf(settings),
    addDummyPrefix: settings.add_dummy_prefix,
    removeExtraWhitespaces: settings.remove_extra_whitespaces,
    escapeWhitespaces: true,
    whitespaceAsSuffix: settings.treat_whitespace_as_suffix,
  });
  const names = [...specials.values()].map(({ piece }) => piece);
  const corpus = loadCorpus(source, settings, (line) => normalizer.normalize(line), names);
  const needed = corpus.alphabet.length + specials.size;
  if (needed > settings.vocab_size) {
    throw new UserError(
      `Vocabulary size is smaller than required_chars. ${settings.vocab_size} vs ${needed}. ` +
        'Increase vocab_size or decrease character_coverage with --character_coverage option.',
    );
  }
  const wanted = settings.vocab_size - needed;
  const { pieces: spelt, ties } = trainPieces(corpus, wanted, settings, report);
  const decoder = utf8Decoder();
  const pieces = spelt.map((bytes) =>
    decoder.decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))),
  );
  for (const { point } of corpus.alphabet) pieces.push(String.fromCodePoint(point));
  return { pieces, ties };
}
