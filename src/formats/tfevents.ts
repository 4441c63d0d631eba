/**
 * TensorBoard's event files: TFRecords, each a protocol buffer `Event`. Only what training has to say is written:
 * numbers, histograms, texts.
 *
 * Field numbers and types are the format's own (tensorboard/compat/proto: event.proto, summary.proto, tensor.proto).
 */
import type { IField, IType } from 'protobufjs';
import { messageTypes } from '../util/protobuf.js';

/** A tag's value at a step. */
export type EventValue =
  | { readonly tag: string; readonly scalar: number }
  | { readonly tag: string; readonly histogram: EventHistogram }
  /** Markdown. */
  | { readonly tag: string; readonly text: string };

/** Buckets that follow one another: each from the limit before (the first from −∞) to its own. */
export interface EventHistogram {
  readonly min: number;
  readonly max: number;
  readonly num: number;
  readonly sum: number;
  readonly sumSquares: number;
  readonly bucketLimit: readonly number[];
  readonly bucket: readonly number[];
}

/** All that is said of one step. */
export interface StepEvents {
  readonly step: number;
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly values: readonly EventValue[];
}

/** `name: [number, type]`. Of one's kind (`simpleValue`, `histo`) a 0 is to be written too, as proto2 does. */
function message(rows: Record<string, readonly [number, string]>): IType {
  const fields: Record<string, IField> = {};
  for (const [name, [id, type]] of Object.entries(rows)) {
    const parts = type.split(' ');
    const packed = parts[1] === 'double' ? { options: { packed: true } } : {};
    const repeated = parts.length === 2 ? { rule: 'repeated', ...packed } : {};
    fields[name] = { id, type: parts.at(-1)!, ...repeated };
  }
  return { fields, edition: 'proto2' } as IType;
}

const types = messageTypes({
  HistogramProto: message({
    min: [1, 'double'],
    max: [2, 'double'],
    num: [3, 'double'],
    sum: [4, 'double'],
    sumSquares: [5, 'double'],
    bucketLimit: [6, 'repeated double'],
    bucket: [7, 'repeated double'],
  }),
  Dim: message({ size: [1, 'int64'] }),
  TensorShape: message({ dim: [2, 'repeated Dim'] }),
  Tensor: message({
    dtype: [1, 'int32'],
    tensorShape: [2, 'TensorShape'],
    stringVal: [8, 'repeated bytes'],
  }),
  PluginData: message({ pluginName: [1, 'string'] }),
  Metadata: message({ pluginData: [1, 'PluginData'] }),
  Value: message({
    tag: [1, 'string'],
    simpleValue: [2, 'float'],
    histo: [5, 'HistogramProto'],
    tensor: [8, 'Tensor'],
    metadata: [9, 'Metadata'],
  }),
  Summary: message({ value: [1, 'repeated Value'] }),
  Event: message({
    wallTime: [1, 'double'],
    step: [2, 'int64'],
    fileVersion: [3, 'string'],
    summary: [5, 'Summary'],
  }),
});

const DT_STRING = 7;

function messageOf(value: EventValue): object {
  if ('scalar' in value) return { tag: value.tag, simpleValue: value.scalar };
  if ('histogram' in value) return { tag: value.tag, histo: value.histogram };
  return {
    tag: value.tag,
    tensor: {
      dtype: DT_STRING,
      tensorShape: { dim: [{ size: 1 }] },
      stringVal: [Buffer.from(value.text, 'utf8')],
    },
    metadata: { pluginData: { pluginName: 'text' } },
  };
}

/** The pieces of an event file, one after another. @param start seconds since 1970. */
export function* eventFile(start: number, steps: Iterable<StepEvents>): Iterable<Uint8Array> {
  yield record({ wallTime: start, fileVersion: 'brain.Event:2' });
  for (const { step, wallTime, values } of steps) {
    if (values.length > 0)
      yield record({ wallTime, step, summary: { value: values.map(messageOf) } });
  }
}

/** Length, its checksum, the bytes, their checksum: what TensorFlow calls a TFRecord. */
function record(event: object): Uint8Array {
  const data = types().lookupType('Event').encode(event).finish();
  const bytes = Buffer.alloc(16 + data.length);
  bytes.writeBigUInt64LE(BigInt(data.length), 0);
  bytes.writeUInt32LE(maskedCrc32c(bytes.subarray(0, 8)), 8);
  bytes.set(data, 12);
  bytes.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return bytes;
}

const CASTAGNOLI = 0x82f63b78;
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CASTAGNOLI : crc >>> 1;
  return crc;
});

/** CRC-32C (RFC 3720, appendix B.4). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}

/** As TFRecords have it: rotated and shifted, since a checksum of data that contains checksums is a weak one. */
function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
