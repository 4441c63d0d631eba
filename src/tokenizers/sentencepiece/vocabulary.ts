/** The pieces of a model: what each is, and which id a string has. Broken models are refused here. */

import { UserError } from '../../util/errors.js';
import { IdList } from '../id-list.js';
import { byteName } from '../support.js';
import { PieceType } from './piece-type.js';
import type { Model } from './schema.js';

export class Vocabulary {
  readonly size: number;
  readonly pieces: readonly string[];
  readonly scores: Float32Array;
  readonly types: Uint8Array;
  readonly unknownId: number;
  /** Ids of the pieces that text can become: ordinary ones, the user's own, and unused ones. */
  readonly ordinary = new Map<string, number>();
  /** Ids of all others: unknown, control, bytes. */
  readonly reserved = new Map<string, number>();
  readonly userDefined: readonly string[];
  readonly hasUnused: boolean;
  /** Whether an unknown character becomes its bytes; then `byteIds` are the ids of the 256 bytes. */
  readonly byteFallback: boolean;
  readonly byteIds: Int32Array = new Int32Array(256).fill(-1);
  /** By id: which byte the piece stands for, or -1. */
  readonly byteOf: Int16Array;

  /** @throws UserError for a model that the original would refuse as well. */
  constructor(model: Model, name: string) {
    const broken = (why: string): UserError => new UserError(`${name}: broken model: ${why}`);
    const { pieces } = model;
    this.size = pieces.length;
    this.pieces = pieces.map((p) => p.piece);
    this.scores = Float32Array.from(pieces, (p) => p.score);
    this.types = Uint8Array.from(pieces, (p) => p.type);
    this.byteFallback = model.trainerSpec.byteFallback;
    this.byteOf = new Int16Array(this.size).fill(-1);
    const bytes = new Map(Array.from({ length: 256 }, (_, b) => [byteName(b), b]));
    const userDefined: string[] = [];
    let unknown = -1;
    let unused = false;
    for (const [id, { piece, score, type }] of pieces.entries()) {
      if (piece === '') throw broken(`piece ${id} is empty`);
      if (Number.isNaN(score)) throw broken(`the score of piece ${id} is not a number`);
      const isOrdinary =
        type === PieceType.NORMAL || type === PieceType.USER_DEFINED || type === PieceType.UNUSED;
      const map = isOrdinary ? this.ordinary : this.reserved;
      if (map.has(piece)) throw broken(`${piece} is already defined`);
      map.set(piece, id);
      if (type === PieceType.USER_DEFINED) userDefined.push(piece);
      else if (type === PieceType.UNUSED) unused = true;
      else if (type === PieceType.UNKNOWN) {
        if (unknown >= 0) throw broken('unk is already defined');
        unknown = id;
      } else if (type === PieceType.BYTE) {
        const byte = bytes.get(piece);
        if (!this.byteFallback) throw broken(`${piece} is a byte, but byte_fallback is false`);
        if (byte === undefined) throw broken(`${piece} is not the name of a byte`);
        this.byteIds[byte] = id;
        this.byteOf[id] = byte;
      } else if (!isOrdinary && type !== PieceType.CONTROL) {
        throw broken(`piece ${id} is of the unknown type ${type}`);
      }
    }
    if (unknown < 0) throw broken('unk is not defined');
    if (this.byteFallback && this.byteIds.includes(-1)) {
      throw broken('byte_fallback is true, but there are not 256 byte pieces');
    }
    this.unknownId = unknown;
    this.userDefined = userDefined;
    this.hasUnused = unused;
  }

  /** The id of a piece; that of the unknown if there is no such piece. */
  idOf(piece: string): number {
    return this.reserved.get(piece) ?? this.ordinary.get(piece) ?? this.unknownId;
  }

  isControl(id: number): boolean {
    return this.types[id] === PieceType.CONTROL;
  }

  /** Id of a control piece by its name, where there is such a one. */
  controlId(piece: string): number | undefined {
    const id = this.idOf(piece);
    return this.isControl(id) ? id : undefined;
  }
}

/** A stretch of normalised text and the piece it is; unknown text has the unknown's id. */
export interface Segment {
  text: string;
  id: number;
}

/** Cuts normalised text into pieces. */
export interface Segmenter {
  segment(normalized: string): Segment[];
  /** Ids alone, with unknown characters as bytes or run together, as a model sees them. */
  ids(normalized: string, out: IdSink): void;
}

/** Takes ids one by one; a run of unknowns counts as one, unless they become bytes. */
export class IdSink extends IdList {
  private readonly unknown: number;

  /** @param unknown the id that is not repeated; -1 for none. */
  constructor(unknown: number) {
    super();
    this.unknown = unknown;
  }

  override push(id: number): void {
    if (id !== this.unknown || this.last !== id) super.push(id);
  }
}
