/**
 * Protocol buffers by tables of fields. protobufjs reads and writes what is on the wire; it would make functions of program
 * text for whole messages, which a page's policy forbids, so that what belongs to which field is followed here.
 *
 * Source: protobuf.dev, "Encoding" and the rules of proto2: a field that is given is written even where it equals its default.
 */
import type { Reader, Writer } from 'protobufjs/minimal.js';
import { wire } from './protobuf-wire.js';

/** Of scalars, by the way they lie on the wire. */
const WIRE_TYPES = {
  ...{ bool: 0, int32: 0, int64: 0, uint64: 0 },
  double: 1,
  ...{ bytes: 2, string: 2 },
  float: 5,
} as const;
const DELIMITED = 2;
export type ScalarType = keyof typeof WIRE_TYPES;

export interface Field {
  /** The field's number in the format. */
  readonly id: number;
  readonly type: ScalarType | MessageType;
  /** Several, each with its number before it, or, of numbers that are packed, one after the other. */
  readonly repeated?: 'each' | 'packed';
  /** What it is where it is not given. Default: of several, none; of a scalar, that of its type; of a message, undefined. */
  readonly fallback?: unknown;
}

export type Message = Record<string, unknown>;

const EMPTY: Readonly<Record<ScalarType, unknown>> = {
  ...{ bool: false, int32: 0, int64: 0, uint64: 0, float: 0, double: 0 },
  bytes: new Uint8Array(0),
  string: '',
};

/** A type of message. */
export class MessageType {
  readonly #byId: ReadonlyMap<number, readonly [name: string, field: Field]>;
  readonly #inOrder: readonly (readonly [name: string, field: Field])[];
  readonly #empty: Readonly<Message>;
  /** The names of what there are several of: each message has lists of its own. */
  readonly #lists: readonly string[];

  /** @param fields each field by the name that it has in messages. */
  constructor(fields: Readonly<Record<string, Field>>) {
    const entries = Object.entries(fields);
    this.#byId = new Map(entries.map((entry) => [entry[1].id, entry]));
    this.#inOrder = entries.toSorted(([, a], [, b]) => a.id - b.id);
    this.#lists = entries.flatMap(([name, { repeated }]) => (repeated ? [name] : []));
    this.#empty = Object.fromEntries(
      entries.map(([name, { type, fallback }]) => [
        name,
        fallback ?? (type instanceof MessageType ? undefined : EMPTY[type]),
      ]),
    );
  }

  /** A message in which nothing is given. */
  empty(): Message {
    const message: Message = { ...this.#empty };
    for (const name of this.#lists) message[name] = [];
    return message;
  }

  /**
   * Every field has its value or its default. Fields that are not known, or are not of their type, are passed over.
   *
   * @throws Error of protobufjs where the bytes are no such message, or are cut short.
   */
  decode(bytes: Uint8Array): Message {
    return this.#read(wire().Reader.create(bytes), this.empty(), bytes.length);
  }

  #read(reader: Reader, message: Message, length: number): Message {
    const outer = reader.len;
    const end = reader.pos + length;
    if (end > outer) throw new RangeError(`a message of ${length} bytes where there are fewer`);
    reader.len = end; // nothing in it reaches beyond it
    while (reader.pos < end) {
      const tag = reader.tag();
      const known = this.#byId.get(tag >>> 3);
      if (!known || !this.#take(reader, message, known[0], known[1], tag & 7)) {
        reader.skipType(tag & 7, 0, tag >>> 3);
      }
    }
    reader.len = outer;
    return message;
  }

  /** Whether what comes next is of the field's type, and was taken. */
  #take(reader: Reader, message: Message, name: string, field: Field, wireType: number): boolean {
    const { type, repeated } = field;
    const list = repeated ? (message[name] as unknown[]) : undefined;
    if (type instanceof MessageType) {
      if (wireType !== DELIMITED) return false;
      // One that comes in parts is put together.
      const into = list ? undefined : (message[name] as Message | undefined);
      const value = type.#read(reader, into ?? type.empty(), reader.uint32());
      if (list) list.push(value);
      else message[name] = value;
      return true;
    }
    if (wireType !== WIRE_TYPES[type]) {
      if (!list || wireType !== DELIMITED) return false;
      const end = reader.uint32() + reader.pos;
      if (end > reader.len) throw new RangeError(`${name}: is cut short`);
      while (reader.pos < end) list.push(reader[type]());
      return true;
    }
    const value = reader[type]();
    if (list) list.push(value);
    else message[name] = value;
    return true;
  }

  /** The message's bytes. What is undefined, or of another name, is left out. */
  encode(message: Readonly<Message>): Uint8Array {
    return this.#write(wire().Writer.create(), message).finish();
  }

  #write(writer: Writer, message: Readonly<Message>): Writer {
    for (const [name, { id, type, repeated }] of this.#inOrder) {
      const value = message[name];
      if (value === undefined) continue;
      const all = repeated ? (value as readonly unknown[]) : [value];
      if (type instanceof MessageType) {
        for (const one of all) {
          type.#write(writer.uint32((id << 3) | DELIMITED).fork(), one as Message).ldelim();
        }
      } else if (repeated === 'packed') {
        if (all.length === 0) continue;
        writer.uint32((id << 3) | DELIMITED).fork();
        for (const one of all) writer[type](one as never);
        writer.ldelim();
      } else {
        for (const one of all) writer.uint32((id << 3) | WIRE_TYPES[type])[type](one as never);
      }
    }
    return writer;
  }
}
