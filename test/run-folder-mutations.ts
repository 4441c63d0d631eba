/** Ways of spoiling a run's folder, drawn from a seed. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Generator } from '../src/util/random.js';

/** Draws: whole numbers below `n`, and one of a list. */
export class Draw {
  constructor(private readonly generator: Generator) {}

  below(n: number): number {
    return Math.floor(this.generator.uniform() * n);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
}

const deep = (depth: number) => JSON.parse('['.repeat(depth) + ']'.repeat(depth));
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 3, 17, 1e9, 1e15, 2 ** 53, 1e308, -1e308],
  ...['', 'x', 'sgd', '../../etc', 'é\u0000\u001b[31m', 'y'.repeat(5000), '__proto__', '12'],
  ...[[], [1, 2, 3], [null], ['a'], {}, { a: 1 }, { length: 1e9 }, deep(50), deep(500)],
];

/** A place in a JSON value: its parent and key. */
type Place = [parent: Record<string, unknown>, key: string];

function placesOf(value: unknown, found: Place[] = []): Place[] {
  if (value === null || typeof value !== 'object') return found;
  for (const [key, part] of Object.entries(value)) {
    found.push([value as Record<string, unknown>, key]);
    placesOf(part, found);
  }
  return found;
}

/** Changes one value of a JSON text, or its structure. */
function mutateJson(text: string, draw: Draw): string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return text;
  }
  const places = placesOf(json);
  if (places.length === 0) return JSON.stringify(draw.of(VALUES));
  const [parent, key] = draw.of(places);
  switch (draw.below(6)) {
    case 0:
      delete parent[key];
      break;
    case 1:
      parent[draw.of(['extra', '', 'constructor', 'toString'])] = draw.of(VALUES);
      break;
    case 2: {
      // The same key twice: which of them counts is nobody's business, as long as it is safe.
      const name = JSON.stringify(key);
      return JSON.stringify(json).replace(
        `${name}:`,
        `${name}:${JSON.stringify(draw.of(VALUES))},${name}:`,
      );
    }
    case 3: {
      const value = parent[key];
      if (typeof value !== 'number') parent[key] = [value];
      else parent[key] = draw.of([-value, value + 1, value * 1e6, value + 0.5]);
      break;
    }
    default:
      parent[key] = draw.of(VALUES);
  }
  if (draw.below(40) === 0) return '['.repeat(100_000); // deeper than recursion goes
  return draw.below(20) === 0 ? JSON.stringify(draw.of(VALUES)) : JSON.stringify(json, null, 2);
}

/** As `mutateJson`, on the header of a safetensors file. */
function mutateHeader(bytes: Buffer, draw: Draw): Buffer {
  if (bytes.length < 8) return bytes;
  const length = Number(bytes.readBigUInt64LE(0));
  if (8 + length > bytes.length) return bytes;
  const header = Buffer.from(mutateJson(bytes.toString('utf8', 8, 8 + length), draw));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([size, header, bytes.subarray(8 + length)]);
}

function mutateBytes(bytes: Buffer, draw: Draw): Buffer {
  const copy = Buffer.from(bytes);
  switch (draw.below(5)) {
    case 0:
      return copy.subarray(0, draw.below(copy.length + 1));
    case 1:
      return Buffer.concat([copy, Buffer.alloc(1 + draw.below(100), draw.below(256))]);
    case 2:
      return Buffer.from(Array.from({ length: draw.below(300) }, () => draw.below(256)));
    case 3: {
      const at = draw.below(copy.length + 1);
      copy.subarray(at, at + draw.below(40)).fill(draw.of([0, 255, 0x22, 0x7b]));
      return copy;
    }
    default:
      if (copy.length > 0) copy[draw.below(copy.length)]! ^= 1 << draw.below(8);
      return copy;
  }
}

/** Something else under a file's name. */
function replace(file: string, draw: Draw, others: readonly string[], pipe: string): string {
  const kind = draw.of([
    'gone',
    'pipe',
    'self',
    'dangling',
    'up',
    'folder',
    'device',
    'other',
    'sparse',
  ]);
  fs.rmSync(file, { recursive: true, force: true });
  switch (kind) {
    case 'pipe':
      fs.linkSync(pipe, file);
      break;
    case 'self':
      fs.symlinkSync(path.basename(file), file);
      break;
    case 'dangling':
      fs.symlinkSync('nowhere', file);
      break;
    case 'up':
      fs.symlinkSync('..', file);
      break;
    case 'folder':
      fs.mkdirSync(path.join(file, 'inner'), { recursive: true });
      break;
    case 'device':
      fs.symlinkSync(draw.of(['/dev/zero', '/dev/null', '/dev/full']), file);
      break;
    case 'other': {
      const other = draw.of(others.filter((name) => name !== file));
      if (fs.statSync(other, { throwIfNoEntry: false })?.isFile()) fs.copyFileSync(other, file);
      break;
    }
    case 'sparse':
      fs.writeFileSync(file, '{');
      fs.truncateSync(file, 1e11);
  }
  return kind;
}

/** A pipe that nobody writes to. */
export function makePipe(file: string): string {
  execFileSync('mkfifo', [file]);
  return file;
}

/** All paths below a folder; links are not followed (Node's own way follows them, round and round). */
export function pathsIn(folder: string): string[] {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const full = path.join(folder, entry.name);
      return entry.isDirectory() ? [full, ...pathsIn(full)] : [full];
    })
    .sort();
}

/** Of those, the ones that are no folders. */
export function filesIn(folder: string): string[] {
  return pathsIn(folder).filter((file) => !fs.lstatSync(file).isDirectory());
}

/**
 * Spoils one file of a run; returns what was done, for the report of a failure.
 *
 * @param others files of other runs, to be put in this one's place.
 */
export function spoil(run: string, draw: Draw, others: readonly string[], pipe: string): string {
  const file = draw.of(filesIn(run));
  const name = path.relative(run, file);
  const isFile = fs.lstatSync(file).isFile() && fs.statSync(file).size < 1e8;
  if (!isFile || draw.below(4) === 0) {
    return `${name}: ${replace(file, draw, [...filesIn(run), ...others], pipe)}`;
  }
  const bytes = fs.readFileSync(file);
  let how = 'bytes';
  let changed: Buffer;
  if (name.endsWith('.json') && draw.below(5) > 0) {
    how = 'value';
    changed = Buffer.from(mutateJson(bytes.toString('utf8'), draw));
  } else if (name.endsWith('.safetensors') && draw.below(2) === 0) {
    how = 'header';
    changed = mutateHeader(bytes, draw);
  } else {
    changed = mutateBytes(bytes, draw);
  }
  fs.writeFileSync(file, changed);
  if (draw.below(3) > 0 && /step-\d+/.test(name)) {
    how += ', resealed';
    reseal(path.dirname(file));
  }
  return `${name}: ${how}`;
}

/** Makes the checksums of a checkpoint right again, so that what is behind them is reached. */
function reseal(folder: string): void {
  const file = path.join(folder, 'state.json');
  // A pipe would be waited for, and what is too large ends the process.
  const stats = filesIn(folder).map((each) => fs.lstatSync(each));
  if (!stats.every((stat) => stat.isFile() && stat.size < 1e8)) return;
  try {
    const saved = JSON.parse(fs.readFileSync(file, 'utf8'));
    for (const name of Object.keys(saved.files)) {
      const bytes = fs.readFileSync(path.join(folder, name));
      saved.files[name] = { bytes: bytes.length, crc32: crc32(bytes) };
    }
    saved.crc32 = crc32(JSON.stringify({ state: saved.state, files: saved.files }));
    fs.writeFileSync(file, JSON.stringify(saved));
  } catch {
    // Too far gone.
  }
}
