/**
 * TensorBoard's event files: TFRecords, each a protocol buffer `Event`. Only what training has to say is written:
 * numbers, histograms, texts.
 *
 * Field numbers and types are the format's own (tensorboard/compat/proto: event.proto, summary.proto, tensor.proto).
 */
import { type Message, MessageType } from '../util/protobuf.js';

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

const HISTOGRAM = new MessageType({
  min: { id: 1, type: 'double' },
  max: { id: 2, type: 'double' },
  num: { id: 3, type: 'double' },
  sum: { id: 4, type: 'double' },
  sumSquares: { id: 5, type: 'double' },
  bucketLimit: { id: 6, type: 'double', repeated: 'packed' },
  bucket: { id: 7, type: 'double', repeated: 'packed' },
});
const DIM = new MessageType({ size: { id: 1, type: 'int64' } });
const TENSOR_SHAPE = new MessageType({ dim: { id: 2, type: DIM, repeated: 'each' } });
const TENSOR = new MessageType({
  dtype: { id: 1, type: 'int32' },
  tensorShape: { id: 2, type: TENSOR_SHAPE },
  stringVal: { id: 8, type: 'bytes', repeated: 'each' },
});
const PLUGIN_DATA = new MessageType({ pluginName: { id: 1, type: 'string' } });
const METADATA = new MessageType({ pluginData: { id: 1, type: PLUGIN_DATA } });
const VALUE = new MessageType({
  tag: { id: 1, type: 'string' },
  simpleValue: { id: 2, type: 'float' },
  histo: { id: 5, type: HISTOGRAM },
  tensor: { id: 8, type: TENSOR },
  metadata: { id: 9, type: METADATA },
});
const SUMMARY = new MessageType({ value: { id: 1, type: VALUE, repeated: 'each' } });
const EVENT = new MessageType({
  wallTime: { id: 1, type: 'double' },
  step: { id: 2, type: 'int64' },
  fileVersion: { id: 3, type: 'string' },
  summary: { id: 5, type: SUMMARY },
});

const DT_STRING = 7;

function messageOf(value: EventValue): Message {
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
function record(event: Message): Uint8Array {
  const data = EVENT.encode(event);
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
