/** How a `tokenizer.json` makes text of tokens: its `decoder`. */

import { utf8Decoder } from '../support.js';
import { bytesOfSpelling } from './byte-spelling.js';
import { type Fields, type Makers, make, makeEach } from './fields.js';
import { replaceAll } from './normalizers.js';
import { patternOf } from './pattern.js';
import { metaspaceOf } from './pre-tokenizers.js';

/** Tokens in, parts of the text out. */
export type Decode = (tokens: string[]) => string[];

const BYTE = /^<0x([0-9A-Fa-f]{2})>$/;

const MAKERS: Makers<Decode> = {
  Sequence: (fields) => {
    const each = makeEach(fields, 'decoders', MAKERS);
    return (tokens) => each.reduce((parts, decode) => decode(parts), tokens);
  },
  ByteLevel: (fields) => {
    fields.ignore('add_prefix_space', 'trim_offsets', 'use_regex');
    return (tokens) => {
      const decoder = utf8Decoder();
      const texts = tokens.map((token) => decoder.decode(bytesOfSpelling(token), { stream: true }));
      return [texts.join('') + decoder.decode()];
    };
  },
  ByteFallback: () => byteFallback,
  Fuse: () => (tokens) => [tokens.join('')],
  Metaspace: (fields) => {
    const { replacement, scheme } = metaspaceOf(fields);
    fields.ignore('split');
    return (tokens) =>
      tokens.map((token, i) =>
        token.replaceAll(replacement, i === 0 && scheme !== 'never' ? '' : ' '),
      );
  },
  WordPiece: (fields) => {
    const prefix = fields.text('prefix', '##');
    const cleans = fields.flag('cleanup', true);
    return (tokens) =>
      tokens.map((token, i) => {
        let out = token;
        if (i > 0) out = token.startsWith(prefix) ? token.slice(prefix.length) : ` ${token}`;
        return cleans ? cleanUp(out, true) : out;
      });
  },
  BPEDecoder: (fields) => {
    const suffix = fields.text('suffix', '</w>');
    return (tokens) =>
      tokens.map((token, i) => token.split(suffix).join(i === tokens.length - 1 ? '' : ' '));
  },
  CTC: (fields) => {
    const pad = fields.text('pad_token', '<pad>');
    const delimiter = fields.text('word_delimiter_token', '|');
    const cleans = fields.flag('cleanup', true);
    return (tokens) =>
      tokens
        .filter((token, i) => i === 0 || token !== tokens[i - 1])
        .map((token) => {
          const out = token.split(pad).join('');
          return cleans ? cleanUp(out, true).split(delimiter).join(' ') : out;
        })
        .filter((token) => token !== '');
  },
  Replace: (fields) => {
    const pattern = patternOf(fields);
    const content = fields.text('content');
    return (tokens) => tokens.map((token) => replaceAll(token, pattern, content));
  },
  Strip: strip,
};

export interface Decoder {
  decode(tokens: string[]): string;
  /** Whether a token's text is not certain before more tokens, or the end, have come. */
  waits(token: string): boolean;
  /** Whether the last token's text is another one when more follow. */
  endsDiffer: boolean;
}

/** @param json undefined or null: the tokens with a space between them. */
export function makeDecoder(json: unknown): Decoder {
  if (json === undefined || json === null) {
    return { decode: (tokens) => tokens.join(' '), waits: () => false, endsDiffer: false };
  }
  const decode = make(json, 'decoder', MAKERS);
  const steps = stepsOf(json);
  const types = new Set(steps.map((step) => step['type']));
  // What CTC leaves out hides from a decoder behind it whether more tokens have come.
  const hides = types.has('CTC') && types.has('BPEDecoder');
  const isStable = !hides && textOnlyGrows(steps);
  return {
    decode: (tokens) => decode(tokens).join(''),
    waits: (token) => !isStable || (types.has('ByteFallback') && BYTE.test(token)),
    endsDiffer: types.has('BPEDecoder'),
  };
}

type Step = Record<string, unknown>;

/** The decoders in their order, sequences taken apart. */
function stepsOf(json: unknown): Step[] {
  const step = json as Step;
  return step['type'] === 'Sequence' ? (step['decoders'] as unknown[]).flatMap(stepsOf) : [step];
}

/**
 * Whether more tokens only ever add to the text. Once tokens are one text, what looks for more than a
 * single character, or at the end, may change what was there.
 */
function textOnlyGrows(steps: readonly Step[]): boolean {
  let isOne = false;
  for (const { type, stop } of steps) {
    const looksAround = type !== 'Metaspace' && type !== 'Fuse' && !(type === 'Strip' && !stop);
    if (isOne && looksAround) return false;
    if (type === 'Fuse' || type === 'ByteLevel') isOne = true;
  }
  return true;
}

/** Takes up to `start` and `stop` times the character `content` from a token's ends. */
function strip(fields: Fields): Decode {
  const content = fields.character('content', ' ');
  const start = fields.count('start', 0);
  const stop = fields.count('stop', 0);
  return (tokens) =>
    tokens.map((token) => {
      let from = 0;
      for (let i = 0; i < start && token.startsWith(content, from); i++) from += content.length;
      let end = token.length;
      for (let i = 0; i < stop && end > from && token.endsWith(content, end); i++) {
        end -= content.length;
      }
      return token.slice(from, end);
    });
}

/** Bytes that stand together become their text, or, where they are none, U+FFFD each. */
function byteFallback(tokens: string[]): string[] {
  const out: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      out.push(decoder.decode(Uint8Array.from(bytes)));
    } catch {
      for (const _ of bytes) out.push('\ufffd');
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = BYTE.exec(token)?.[1];
    if (byte !== undefined) bytes.push(Number.parseInt(byte, 16));
    else {
      flush();
      out.push(token);
    }
  }
  flush();
  return out;
}

/** Takes away the spaces that English does not put before a mark or an ending. */
export function cleanUp(text: string, isToken = false): string {
  if (!text.includes(' ')) return text;
  let out = text
    .replaceAll(' .', '.')
    .replaceAll(' ?', '?')
    .replaceAll(' !', '!')
    .replaceAll(' ,', ',')
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m");
  // What the original does to a single token, but not to a whole text.
  if (isToken) out = out.replaceAll(' do not', " don't");
  return out.replaceAll(" 's", "'s").replaceAll(" 've", "'ve").replaceAll(" 're", "'re");
}
