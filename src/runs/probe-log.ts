/** Reading `probes.jsonl`, whatever is in it, also while it is being written. */
import fs from 'node:fs';
import { isDeeperThan } from '../util/json-depth.js';
import { withOpenFile } from '../util/read-file.js';
import {
  type ModelProbe,
  type ProbeRecord,
  probeSchema,
  type TensorsProbe,
} from './probe-records.js';

/** A longer line is nobody's measurement. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
/** So much of a file is read: many times what a run writes. */
const MAX_BYTES = 256 * 1024 * 1024;
const CHUNK = 1 << 20;
/** Ours are 5 deep. */
const MAX_DEPTH = 16;

export interface ReadProbesOptions<Type extends ProbeRecord['type']> {
  /** Only these: lines of the other type are passed over unread, which for `model` saves most of the time. */
  type?: Type | undefined;
  /** Where to begin: 0, or `next` of the time before, to read only what has been written since. */
  from?: number | undefined;
  /** Of more records every second one is left out, and again, but never the last. Default: all are returned. */
  most?: number | undefined;
}

export interface ReadProbes<Probe extends ProbeRecord> {
  /** In the order of the file. */
  readonly records: Probe[];
  /** Where the next reading begins: behind the last whole line. */
  readonly next: number;
}

/**
 * The records of a `probes.jsonl`. A last line without its end is left for the next time; a line that is no
 * record (cut short, damaged, somebody's own, too long) is passed over. Nothing in a file can make this throw,
 * loop or take much more memory than the records do. No file: no records.
 *
 * Where a file has become shorter than `from` (the run went back to a checkpoint), it is read from its beginning:
 * `next` is then less than `from` was, or the records' steps go back.
 *
 * @throws UserError when it is no file, or cannot be read.
 */
export function readProbes(
  file: string,
  options: ReadProbesOptions<'model'> & { type: 'model' },
): ReadProbes<ModelProbe>;
export function readProbes(
  file: string,
  options: ReadProbesOptions<'tensors'> & { type: 'tensors' },
): ReadProbes<TensorsProbe>;
export function readProbes(
  file: string,
  options?: ReadProbesOptions<ProbeRecord['type']>,
): ReadProbes<ProbeRecord>;
export function readProbes(
  file: string,
  { type, from = 0, most = Infinity }: ReadProbesOptions<ProbeRecord['type']> = {},
): ReadProbes<ProbeRecord> {
  let records: ProbeRecord[] = [];
  const next = eachLine(file, from, (line) => {
    if (type !== undefined && isOtherType(line, type)) return;
    const record = parseRecord(line);
    if (record && (type === undefined || record.type === type)) records.push(record);
    if (records.length > 2 * most) records = thinned(records, most);
  });
  return { records: thinned(records, most), next };
}

/** At most so many: every second one is left out, and again, but never the last. */
export function thinned<T>(all: T[], most: number): T[] {
  let kept = all;
  while (kept.length > Math.max(1, most)) {
    const { length } = kept;
    kept = kept.filter((_, i) => (length - 1 - i) % 2 === 0);
  }
  return kept;
}

/** Whether a line begins as those of another type do, as we write them. */
function isOtherType(line: Buffer, type: ProbeRecord['type']): boolean {
  const other = type === 'model' ? 'tensors' : 'model';
  return line.subarray(0, 32).toString('latin1').startsWith(`{"type":"${other}"`);
}

function parseRecord(line: Buffer): ProbeRecord | undefined {
  try {
    const text = line.toString('utf8');
    if (isDeeperThan(MAX_DEPTH, text)) return undefined;
    return probeSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // a process was killed while it wrote this line
  }
}

/** Calls `see` with each whole line from a position on; returns the position behind the last of them. */
function eachLine(file: string, from: number, see: (line: Buffer) => void): number {
  return withOpenFile(file, 0, (descriptor, { size }) => {
    let position = from > size || !(from >= 0) ? 0 : from;
    const end = Math.min(size, position + MAX_BYTES);
    let next = position;
    let rest = Buffer.alloc(0);
    let skipping = false; // within a line that is too long
    while (position < end) {
      const chunk = Buffer.alloc(Math.min(CHUNK, end - position));
      const count = fs.readSync(descriptor, chunk, 0, chunk.length, position);
      if (count === 0) break;
      position += count;
      let data = Buffer.concat([rest, chunk.subarray(0, count)]);
      for (let at = data.indexOf(10); at >= 0; at = data.indexOf(10)) {
        if (!skipping && at > 0) see(data.subarray(0, at));
        skipping = false;
        data = data.subarray(at + 1);
        next = position - data.length;
      }
      if (data.length > MAX_LINE_BYTES) skipping = true;
      rest = skipping ? Buffer.alloc(0) : data;
    }
    return next;
  });
}
