/** A run without a file system: the files of its folder, by their paths in it. */
import { MemoryBytes } from '../formats/byte-source.js';
import { safetensorsPieces } from '../formats/safetensors-encode.js';
import { SafetensorsReader } from '../formats/safetensors-read.js';
import {
  type CheckpointContents,
  type CheckpointFiles,
  type CheckpointPart,
  checkpointName,
  parseState,
  type SavedState,
  stateJson,
} from '../runs/checkpoint-state.js';
import type { RunSettings } from '../runs/config.js';
import type { ModelProbe } from '../runs/probe-records.js';
import { parseRunConfig, type RunConfig } from '../runs/run-config-schema.js';
import type { Tokenizer } from '../tokenizers/tokenizer.js';
import type { TrainingRecord } from '../train/record.js';
import { crc32 } from '../util/crc32.js';
import { UserError } from '../util/errors.js';
import { isDeeperThan } from '../util/json-depth.js';
import { tokenizerFromFiles } from './tokenizers.js';

/** Contents by path, as `checkpoints/latest`. */
export type RunFiles = ReadonlyMap<string, Uint8Array>;

const CONFIG = 'config.json';
const TEXT = 'text.txt';
const CHECKPOINTS = 'checkpoints/';
const TOKENIZER = 'tokenizer/';
const LOGS = { metrics: 'metrics.jsonl', probes: 'probes.jsonl', samples: 'samples.txt' } as const;
/** Far deeper than anything that is written. */
const MAX_DEPTH = 64;

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/**
 * What a trainer writes, kept in memory, in the form that `nanogpt sample`, `eval`, `train --resume` and the Lab read
 * from a folder: the latest checkpoint and the best.
 */
export class MemoryRun implements TrainingRecord {
  #config: RunConfig;
  readonly #files: Map<string, Uint8Array>;
  /** What was appended, in pieces; joined where the files are asked for. */
  readonly #logs = new Map<string, { pieces: string[]; bytes: number }>();
  #stop = false;

  private constructor(config: RunConfig, files: Map<string, Uint8Array>) {
    this.#config = config;
    this.#files = files;
  }

  get config(): RunConfig {
    return this.#config;
  }

  /** @throws UserError for a tokenizer that cannot be kept. */
  static create(config: RunConfig, tokenizer: Tokenizer): MemoryRun {
    const files = new Map([[CONFIG, encodeConfig(config)]]);
    const kept = tokenizer.toFiles?.();
    if (!kept) throw new UserError(`${tokenizer.name}: has no toFiles(), and cannot be kept.`);
    for (const [name, content] of Object.entries(kept)) {
      files.set(`${TOKENIZER}${name}`, typeof content === 'string' ? encode(content) : content);
    }
    return new MemoryRun(config, files);
  }

  /**
   * Opens the files of a run, wherever it was trained. A folder around them all is passed over.
   *
   * @throws UserError where they are no run, or its settings are damaged.
   */
  static open(files: RunFiles): MemoryRun {
    const configs = [...files.keys()].filter((name) => /(^|\/)config\.json$/.test(name));
    const config = configs.sort((a, b) => a.length - b.length)[0];
    if (config === undefined) {
      throw new UserError(`these files are no run: expected a ${CONFIG} among them.`);
    }
    const folder = config.slice(0, -CONFIG.length);
    const own = [...files].filter(([name]) => name.startsWith(folder));
    const byPath = new Map(own.map(([name, bytes]) => [name.slice(folder.length), bytes]));
    return new MemoryRun(parseRunConfig(parseJson(byPath, CONFIG), CONFIG), byPath);
  }

  /** The files of the run's folder as they are now. */
  files(): Map<string, Uint8Array> {
    for (const name of this.#logs.keys()) this.#join(name);
    return new Map(this.#files);
  }

  /** @throws UserError as `tokenizerFromFiles` does, and where it is another one than the model was made for. */
  async tokenizer(): Promise<Tokenizer> {
    const own = [...this.#files].filter(([name]) => name.startsWith(TOKENIZER));
    const tokenizer = await tokenizerFromFiles(
      new Map(own.map(([name, bytes]) => [name.slice(TOKENIZER.length), bytes])),
    );
    const { vocabSize } = this.config;
    if (tokenizer.vocabSize === vocabSize) return tokenizer;
    throw new UserError(
      `the run's tokenizer has ${tokenizer.vocabSize} tokens, and its ${CONFIG} says ${vocabSize}: one of them is damaged.`,
    );
  }

  append(log: 'metrics' | 'probes', event: object): number {
    return this.#append(LOGS[log], `${JSON.stringify(event)}\n`);
  }

  appendSample(text: string): void {
    this.#append(LOGS.samples, text);
  }

  #append(name: string, text: string): number {
    let log = this.#logs.get(name);
    if (!log) {
      log = { pieces: [], bytes: this.#files.get(name)?.length ?? 0 };
      this.#logs.set(name, log);
    }
    log.pieces.push(text);
    log.bytes += encode(text).length;
    return log.bytes;
  }

  #join(name: string): number {
    const log = this.#logs.get(name);
    const before = this.#files.get(name) ?? new Uint8Array();
    if (!log || log.pieces.length === 0) return before.length;
    const after = encode(log.pieces.join(''));
    const joined = new Uint8Array(before.length + after.length);
    joined.set(before);
    joined.set(after, before.length);
    this.#files.set(name, joined);
    log.pieces = [];
    return joined.length;
  }

  /** Lines of metrics: what the trainer wrote down, earlier sittings included. */
  metrics(): Record<string, unknown>[] {
    this.#join(LOGS.metrics);
    const lines = decode(this.#files.get(LOGS.metrics) ?? new Uint8Array()).split('\n');
    return lines.flatMap((line) => {
      try {
        const value = JSON.parse(line);
        return typeof value === 'object' && value !== null ? [value] : [];
      } catch {
        return []; // cut short, or somebody's own
      }
    });
  }

  syncLogs(): Record<string, number> {
    const names = Object.values(LOGS).filter(
      (name) => this.#logs.has(name) || this.#files.has(name),
    );
    return Object.fromEntries(names.map((name) => [name, this.#join(name)]));
  }

  saveCheckpoint(
    { state, model, optimizer, average }: CheckpointContents,
    { best, keepInterval = 0 }: { best: boolean; keepInterval?: number },
  ): string {
    const name = checkpointName(state.step);
    const folder = `${CHECKPOINTS}${name}/`;
    const files: CheckpointFiles = {};
    for (const [part, tensors] of Object.entries({ model, optimizer, average })) {
      if (!tensors) continue;
      const metadata = { format: 'nanogpt', step: String(state.step) };
      const bytes = joined(safetensorsPieces(tensors, metadata));
      const file = `${part}.safetensors`;
      this.#files.set(folder + file, bytes);
      files[file] = { bytes: bytes.length, crc32: crc32(bytes) };
    }
    this.#files.set(`${folder}state.json`, encode(stateJson(state, files)));
    if (best) this.#files.set(`${CHECKPOINTS}best`, encode(`${name}\n`));
    this.#files.set(`${CHECKPOINTS}latest`, encode(`${name}\n`));
    this.#prune(keepInterval);
    return name;
  }

  /** Removes the checkpoints that nothing names. */
  #prune(keepInterval: number): void {
    const kept = [this.#pointer('latest'), this.#pointer('best')];
    for (const path of [...this.#files.keys()]) {
      const [, name, step] = /^checkpoints\/(step-(\d+))\//.exec(path) ?? [];
      if (name === undefined || kept.includes(name)) continue;
      if (keepInterval > 0 && Number(step) % keepInterval === 0) continue;
      this.#files.delete(path);
    }
  }

  #pointer(which: 'latest' | 'best'): string | undefined {
    const bytes = this.#files.get(`${CHECKPOINTS}${which}`);
    return bytes && decode(bytes).trim();
  }

  /**
   * The checkpoint that a pointer names, after checking its files.
   *
   * @throws UserError where one of them is missing or damaged.
   */
  openCheckpoint(which: 'latest' | 'best' = 'latest'): { checkpoint?: SavedState } {
    const name = this.#pointer(which);
    if (name === undefined) return {};
    const folder = `${CHECKPOINTS}${name}/`;
    const { state, files } = parseState(
      parseJson(this.#files, `${folder}state.json`),
      `${folder}state.json`,
    );
    const open = (part: CheckpointPart): SafetensorsReader | undefined => {
      const file = `${part}.safetensors`;
      const expected = files[file];
      if (!expected) return undefined;
      const bytes = this.#files.get(folder + file);
      if (!bytes) throw new UserError(`${folder}${file}: is missing.`);
      if (bytes.length !== expected.bytes || crc32(bytes) !== expected.crc32) {
        throw new UserError(
          `${folder}${file}: is damaged: its contents do not match its checksum.`,
        );
      }
      return new SafetensorsReader(new MemoryBytes(folder + file, bytes));
    };
    return { checkpoint: { name, state, open } };
  }

  /**
   * Goes back to a checkpoint: growing files are cut to what they were. (Later checkpoints there are none: the latest is
   * where one goes on from.)
   */
  rewind({ state }: SavedState): void {
    for (const name of Object.values(LOGS)) {
      this.#join(name);
      this.#logs.delete(name);
      const bytes = this.#files.get(name);
      if (bytes) this.#files.set(name, bytes.slice(0, state.logs[name] ?? 0));
    }
    this.#stop = false;
  }

  /** Probes of earlier sittings are not looked at: their record goes on anew. */
  modelProbes(): { records: ModelProbe[]; next: number } {
    return { records: [], next: this.#files.get(LOGS.probes)?.length ?? 0 };
  }

  /** Keeps the text itself, which nobody else has: `train --resume` reads it from here. */
  keepText(text: string): void {
    // Who reads a text drops one byte order mark: one that is part of it needs another in front.
    this.#files.set(TEXT, encode(text.startsWith('\uFEFF') ? `\uFEFF${text}` : text));
  }

  /** The text that the run keeps itself; undefined where it is a dataset's. */
  keptText(): string | undefined {
    const bytes = this.#files.get(TEXT);
    return bytes && decode(bytes);
  }

  /** For a run that goes on with other settings. */
  changeSettings(settings: RunSettings): void {
    this.#config = { ...this.#config, ...settings } as RunConfig;
    this.#files.set(CONFIG, encodeConfig(this.#config));
  }

  requestStop(): void {
    this.#stop = true;
  }

  isStopRequested(): boolean {
    return this.#stop;
  }
}

function encodeConfig(config: RunConfig): Uint8Array {
  return encode(`${JSON.stringify(config, null, 2)}\n`);
}

function joined(pieces: Iterable<Uint8Array>): Uint8Array {
  const copies = Array.from(pieces, (piece) => piece.slice()); // they share memory
  const bytes = new Uint8Array(copies.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const copy of copies) {
    bytes.set(copy, at);
    at += copy.length;
  }
  return bytes;
}

function parseJson(files: RunFiles, path: string): unknown {
  const bytes = files.get(path);
  if (!bytes) throw new UserError(`${path}: is missing.`);
  const text = decode(bytes);
  if (isDeeperThan(MAX_DEPTH, text))
    throw new UserError(`${path}: is damaged: it is nested too deep.`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UserError(`${path}: is damaged: not valid JSON.`, { cause });
  }
}
