/**
 * SentencePiece models in use: any `.model` of type BPE or unigram, encoding and decoding exactly as
 * the original library does.
 *
 * Kudo, Richardson 2018, "SentencePiece: A simple and language independent subword tokenizer".
 */

import { UserError } from '../../util/errors.js';
import { utf8Length } from '../../util/utf8-length.js';
import { writeFiles } from '../save-folder.js';
import { allowedSpecials, SpecialFinder } from '../specials.js';
import {
  addBosEos,
  byteName,
  checkId,
  fingerprintOf,
  type TokenizerFiles,
  tokenizerFiles,
  utf8Decoder,
  wellFormed,
} from '../support.js';
import type { DecodeStream, EncodeOptions, MergeStep, Tokenizer } from '../tokenizer.js';
import { BpeEncoder } from './bpe-encoder.js';
import { readCharsmap } from './charsmap.js';
import { DecodeState } from './decode.js';
import { readModelFile, readModelFolder } from './model-file.js';
import { MODEL_FILE } from './model-name.js';
import { createNormalizer, type Normalizer } from './normalizer.js';
import { ModelType, PieceType } from './piece-type.js';
import { type Model, type NormalizerSpec, readModel } from './schema.js';
import { UnigramEncoder } from './unigram-encoder.js';
import { IdSink, type Segmenter, Vocabulary } from './vocabulary.js';

/** A piece of an encoded text: the text's characters `begin … end - 1` (UTF-16 units). */
export interface PieceAt {
  piece: string;
  id: number;
  begin: number;
  end: number;
}

export class SentencePieceTokenizer implements Tokenizer {
  readonly kind = 'sentencepiece';
  readonly name: string;
  readonly vocabSize: number;
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly fingerprint: string;
  /** `bpe` or `unigram`. */
  readonly algorithm: 'bpe' | 'unigram';
  readonly model: Model;
  private readonly bytes: Uint8Array;
  private readonly vocabulary: Vocabulary;
  private readonly normalizer: Normalizer;
  private readonly denormalizer: Normalizer | undefined;
  private readonly segmenter: Segmenter;
  /** The spellings of control pieces, the special tokens of these models. */
  private readonly controls: readonly string[];
  private readonly special: SpecialFinder;
  private readonly sink: IdSink;
  private readonly encoder = new TextEncoder();
  private readonly decoder = utf8Decoder();

  /** @param bytes content of a `.model` file. @throws UserError where it is broken or of another type. */
  constructor(bytes: Uint8Array, name: string) {
    this.name = name;
    this.bytes = bytes;
    this.model = readModel(bytes, name);
    const { trainerSpec, normalizerSpec, denormalizerSpec } = this.model;
    this.algorithm = algorithmOf(trainerSpec.modelType, name);
    this.vocabulary = new Vocabulary(this.model, name);
    this.vocabSize = this.vocabulary.size;
    this.bosId = this.vocabulary.controlId(trainerSpec.bosPiece || '<s>');
    this.eosId = this.vocabulary.controlId(trainerSpec.eosPiece || '</s>');
    this.fingerprint = fingerprintOf('sentencepiece', bytes);
    this.normalizer = normalizerOf(normalizerSpec, {
      whitespaceAsSuffix: trainerSpec.treatWhitespaceAsSuffix,
      untouched: this.vocabulary.userDefined,
    });
    if (denormalizerSpec && denormalizerSpec.precompiledCharsmap.length > 0) {
      this.denormalizer = normalizerOf(denormalizerSpec, { whitespaceAsSuffix: false });
    }
    this.segmenter =
      this.algorithm === 'bpe'
        ? new BpeEncoder(this.vocabulary)
        : new UnigramEncoder(this.vocabulary);
    const { pieces, types } = this.vocabulary;
    this.controls = pieces.filter((_, id) => types[id] === PieceType.CONTROL);
    this.special = new SpecialFinder(this.controls);
    this.sink = new IdSink(this.vocabulary.byteFallback ? -1 : this.vocabulary.unknownId);
  }

  /** Reads a `.model` file. */
  static fromFile(path: string, name = `sentencepiece:${path}`): SentencePieceTokenizer {
    return new SentencePieceTokenizer(readModelFile(path), name);
  }

  /** Loads what `save` wrote. */
  static fromFolder(dir: string, name: string): SentencePieceTokenizer {
    return new SentencePieceTokenizer(readModelFolder(dir), name);
  }

  encode(text: string, options?: EncodeOptions): Uint32Array {
    const out = this.sink;
    const whole = wellFormed(text);
    if (options === undefined) {
      // Of short lines, what is below would be a tenth of the time.
      this.segmenter.ids(this.normalizer.normalize(whole), out);
      return out.take();
    }
    const allowed = allowedSpecials(this.name, whole, this.controls, options);
    for (const part of this.special.parts(whole, allowed)) {
      if (part.isSpecial) out.push(this.vocabulary.idOf(part.text));
      else this.segmenter.ids(this.normalizer.normalize(part.text), out);
    }
    return addBosEos(this, out.take(), options);
  }

  /** The pieces as the original spells them (U+2581 for a space), unknown text as it stands. */
  encodePieces(text: string): string[] {
    return this.encodeWithOffsets(text).map(({ piece }) => piece);
  }

  /** The pieces with their ids and the stretch of the text that each comes from. */
  encodeWithOffsets(text: string): PieceAt[] {
    const { vocabulary } = this;
    const input = this.encoder.encode(text);
    const { bytes, origin } = this.normalizer.align(input);
    const unit = unitsOf(input);
    const at = (position: number): number => unit[origin[position]!]!;
    const pieces: PieceAt[] = [];
    let position = 0;
    let afterUnknown = false;
    for (const { text: piece, id } of this.segmenter.segment(this.decoder.decode(bytes))) {
      const length = utf8Length(piece);
      const begin = at(position);
      const end = at(position + length);
      const isUnknown = id === vocabulary.unknownId;
      if (isUnknown && vocabulary.byteFallback) {
        for (let i = 0; i < length; i++) {
          const byte = bytes[position + i]!;
          const last = i === length - 1;
          pieces.push({
            piece: byteName(byte),
            id: vocabulary.byteIds[byte]!,
            begin,
            end: last ? end : begin,
          });
        }
      } else if (isUnknown && afterUnknown) {
        const run = pieces.at(-1)!;
        run.piece += piece;
        run.end = end;
      } else {
        pieces.push({ piece, id, begin, end });
      }
      afterUnknown = isUnknown;
      position += length;
    }
    return pieces;
  }

  decode(ids: ArrayLike<number>): string {
    const state = this.decodeState();
    let text = '';
    for (let i = 0; i < ids.length; i++) text += state.push(this.checked(ids[i]!));
    text += state.end();
    return this.denormalizer ? this.denormalizer.normalize(text) : text;
  }

  decodeStream(): DecodeStream {
    const state = this.decodeState();
    if (!this.denormalizer) {
      return { push: (id) => state.push(this.checked(id)), end: () => state.end() };
    }
    // Denormalisation may replace what stands over several pieces, so nothing is certain before the end.
    let text = '';
    return {
      push: (id) => {
        text += state.push(this.checked(id));
        return '';
      },
      end: () => this.denormalizer!.normalize(text + state.end()),
    };
  }

  tokenToString(id: number): string {
    return this.vocabulary.pieces[this.checked(id)]!.replaceAll('\u2581', ' ');
  }

  /** The piece as the model spells it. */
  idToPiece(id: number): string {
    return this.vocabulary.pieces[this.checked(id)]!;
  }

  /** The id of a piece; that of the unknown if there is none. */
  pieceToId(piece: string): number {
    return this.vocabulary.idOf(piece);
  }

  /** With U+2581 for a space, as the model spells pieces. A unigram model merges nothing: none. */
  mergeSteps(word: string): MergeStep[] {
    const { segmenter } = this;
    return segmenter instanceof BpeEncoder
      ? segmenter.mergeSteps(this.normalizer.normalize(word))
      : [];
  }

  save(dir: string): void {
    writeFiles(dir, this.toFiles());
  }

  toFiles(): TokenizerFiles {
    const { kind, name } = this;
    return tokenizerFiles({ kind, name }, { [MODEL_FILE]: this.bytes });
  }

  private decodeState(): DecodeState {
    const { addDummyPrefix, removeExtraWhitespaces } = this.model.normalizerSpec;
    const { unkSurface } = this.model.trainerSpec;
    return new DecodeState(this.vocabulary, { addDummyPrefix, removeExtraWhitespaces, unkSurface });
  }

  private checked(id: number): number {
    checkId(this.name, id, this.vocabSize);
    return id;
  }
}

function algorithmOf(type: number, name: string): 'bpe' | 'unigram' {
  if (type === ModelType.BPE) return 'bpe';
  if (type === ModelType.UNIGRAM) return 'unigram';
  throw new UserError(
    `${name}: models of type bpe and unigram can be used; this one is of type ${type}`,
  );
}

function normalizerOf(
  spec: NormalizerSpec,
  more: { whitespaceAsSuffix: boolean; untouched?: readonly string[] },
): Normalizer {
  const blob = spec.precompiledCharsmap;
  return createNormalizer({
    rules: blob.length > 0 ? readCharsmap(blob) : undefined,
    addDummyPrefix: spec.addDummyPrefix,
    removeExtraWhitespaces: spec.removeExtraWhitespaces,
    escapeWhitespaces: spec.escapeWhitespaces,
    ...more,
  });
}

/** For each byte of UTF-8 (and the end): how many UTF-16 units come before the character it is in. */
function unitsOf(bytes: Uint8Array): Int32Array {
  const units = new Int32Array(bytes.length + 1);
  let unit = 0;
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i]!;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    units.fill(unit, i, i + length);
    unit += length === 4 ? 2 : 1;
    i += length;
  }
  units[bytes.length] = unit;
  return units;
}
