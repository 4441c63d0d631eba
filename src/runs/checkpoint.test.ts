import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../test/suites/fixtures.js';
import { SafetensorsFile } from '../formats/safetensors.js';
import { Scope, type Tensor, tensor } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import { CheckpointStore, type TrainingState } from './checkpoint.js';

let folder: ReturnType<typeof temporaryFolder>;
let store: CheckpointStore;
let scope: Scope;
beforeEach(() => {
  folder = temporaryFolder();
  store = new CheckpointStore(path.join(folder.path, 'checkpoints'));
  scope = new Scope();
});
afterEach(() => {
  vi.restoreAllMocks();
  scope[Symbol.dispose]();
  folder[Symbol.dispose]();
});

function state(step: number, best: number | null = null): TrainingState {
  const position = { seed: 0, stream: 1, position: step };
  return {
    step,
    tokens: step * 10,
    seconds: step / 7,
    random: { default: position, data: position },
    sinceLog: { sum: 0.1, count: 1 },
    sinceEvaluation: { sum: 1 / 3, count: 2 },
    evaluation: { step, loss: 2, trainLoss: null },
    best: best === null ? null : { step: best, loss: 1.5 },
    withoutBetter: 0,
    optimizer: { kind: 'SGD', groups: [{ a: [1, true] }] },
    logs: { 'metrics.jsonl': step },
  };
}

function save(step: number, options: { best?: boolean; bestStep?: number } = {}): string {
  const { best = false, bestStep = null } = options;
  const model: [string, Tensor][] = [['w', tensor([step, 2])]];
  const optimizer: [string, Tensor][] = [['w.m', tensor([step, 3])]];
  return store.save({ state: state(step, bestStep), model, optimizer }, { best });
}

const files = () => fs.readdirSync(store.folder).sort();

function weightOf(checkpoint: { modelFile: string }): number {
  using file = new SafetensorsFile(checkpoint.modelFile);
  return Number(file.read('w')[0]);
}

function damage(name: string, file: string, change: (bytes: Buffer) => Buffer | undefined): void {
  const target = path.join(store.folder, name, file);
  const bytes = change(fs.readFileSync(target));
  if (bytes) fs.writeFileSync(target, bytes);
  else fs.rmSync(target);
}

describe('checkpoints', () => {
  it('are read back as they were saved', () => {
    expect(save(500, { best: true, bestStep: 500 })).toBe('step-000500');
    const { checkpoint, notices } = store.open();
    expect(notices).toEqual([]);
    expect(checkpoint!.state).toEqual(state(500, 500));
    expect(weightOf(checkpoint!)).toBe(500);
    expect(files()).toEqual(['best', 'latest', 'step-000500']);
    expect(fs.readFileSync(path.join(store.folder, 'latest'), 'utf8')).toBe('step-000500\n');
    expect(fs.readdirSync(checkpoint!.folder).sort()).toEqual([
      'model.safetensors',
      'optimizer.safetensors',
      'state.json',
    ]);
  });

  it('are none at first', () => {
    expect(store.open()).toEqual({ notices: [] });
    expect(() => store.open('best')).toThrow(/there are none/);
  });

  it('keep the latest and the best, and no other', () => {
    save(1);
    save(2, { best: true });
    save(3);
    expect(files()).toEqual(['best', 'latest', 'step-000002', 'step-000003']);
    expect(weightOf(store.open('best').checkpoint!)).toBe(2);
    expect(weightOf(store.open(3).checkpoint!)).toBe(3);
    expect(() => store.open(1)).toThrow(/no checkpoint of step 1; there are those of step 2, 3/);
    save(1_234_567, { best: true });
    expect(files()).toEqual(['best', 'latest', 'step-1234567']);
  });

  it.each<[string, string, (bytes: Buffer) => Buffer | undefined, RegExp]>([
    [
      'a bit of the model',
      'model.safetensors',
      (b) => b.fill(b.at(-1)! ^ 1, b.length - 1),
      /model.safetensors: is damaged: .*checksum/,
    ],
    [
      'the end of the optimizer',
      'optimizer.safetensors',
      (b) => b.subarray(0, -1),
      /optimizer.safetensors: is damaged: expected \d+ bytes/,
    ],
    ['the model', 'model.safetensors', () => undefined, /cannot read .*model.safetensors/],
    [
      'a digit of the state',
      'state.json',
      (b) => Buffer.from(b.toString().replace('"step": 3', '"step": 4')),
      /state.json: is damaged: .*checksum/,
    ],
    [
      'the end of the state',
      'state.json',
      (b) => b.subarray(0, 40),
      /state.json: is damaged: not valid JSON/,
    ],
    ['the state', 'state.json', () => undefined, /cannot read .*state.json/],
  ])('fall back on the one before, with a notice, when %s is lost', (_, file, change, message) => {
    save(2, { best: true });
    save(3);
    damage('step-000003', file, change);
    const { checkpoint, notices } = store.open();
    expect(checkpoint!.name).toBe('step-000002');
    expect(notices).toHaveLength(1);
    expect(notices[0]).toMatch(message);
    expect(() => store.open(3)).toThrow(message);
  });

  it('say so when none is whole', () => {
    save(2);
    damage('step-000002', 'model.safetensors', () => undefined);
    expect(() => store.open()).toThrow(/no checkpoint in .* is whole/);
  });

  it('are found without their pointers, or with nonsense in them', () => {
    save(2, { best: true });
    save(3);
    for (const text of ['../../etc\n', '', 'step-000009\n']) {
      fs.writeFileSync(path.join(store.folder, 'latest'), text);
      expect(store.open().checkpoint!.name).toBe('step-000003');
    }
    fs.rmSync(path.join(store.folder, 'latest'));
    expect(store.open().checkpoint!.name).toBe('step-000003');
  });

  it('leave a future behind when the run goes on from an earlier one', () => {
    save(2, { best: true, bestStep: 2 });
    save(4, { best: true, bestStep: 4 });
    save(5, { bestStep: 4 });
    store.rewind(store.open(4).checkpoint!);
    expect(files()).toEqual(['best', 'latest', 'step-000004']);
    save(5, { bestStep: 4 });
    expect(store.open().checkpoint!.name).toBe('step-000005');
  });

  it('change nothing when a pointer cannot be replaced', () => {
    save(2, { best: true, bestStep: 2 });
    save(4, { bestStep: 2 });
    const { checkpoint } = store.open(2);
    fs.rmSync(path.join(store.folder, 'best'));
    fs.mkdirSync(path.join(store.folder, 'best'));
    expect(() => store.rewind(checkpoint!)).toThrow(/best: is a folder: expected a file/);
    expect(files()).toEqual(['best', 'latest', 'step-000002', 'step-000004']);
    expect(store.pointer('latest')).toBe('step-000004');
  });

  it('take a pointer with nonsense in it for none', () => {
    save(2, { best: true, bestStep: 2 });
    fs.writeFileSync(path.join(store.folder, 'best'), 'x'.repeat(10_000));
    store.rewind(store.open().checkpoint!);
    expect(store.pointer('best')).toBe('step-000002');
  });

  it('take the place of one that a kill left without a pointer', () => {
    save(2);
    save(3);
    fs.writeFileSync(path.join(store.folder, 'latest'), 'step-000002\n');
    save(3);
    expect(store.open().checkpoint!.name).toBe('step-000003');
    expect(() => save(3)).toThrow(/exists already/);
  });

  it('remove what killed processes left aside, and leave what a living one writes', () => {
    save(1);
    const dead = 2 ** 22 + 1; // above what Linux numbers processes with
    for (const name of [`.tmp-step-000009-${dead}`, `.tmp-step-000009-${process.ppid}`]) {
      fs.mkdirSync(path.join(store.folder, name));
    }
    fs.writeFileSync(path.join(store.folder, `.latest.${dead}-0a1b.partial`), '');
    save(2);
    expect(files()).toEqual([`.tmp-step-000009-${process.ppid}`, 'latest', 'step-000002']);
  });
});

/** Lets the nth call of a function of `fs` fail as a file system would. */
function failAt(
  name: 'writeSync' | 'fsyncSync' | 'renameSync' | 'openSync' | 'mkdirSync',
  nth: number,
  code: string,
) {
  const original = fs[name] as (...args: unknown[]) => unknown;
  let calls = 0;
  const spy = vi.spyOn(fs, name as 'writeSync').mockImplementation(((...args: unknown[]) => {
    if (++calls !== nth) return original.apply(fs, args);
    throw Object.assign(new Error(`${code}: made to fail`), { code, syscall: name });
  }) as never);
  return { calls: () => calls, restore: () => spy.mockRestore() };
}

describe('a file system that refuses', () => {
  it.each([
    ['writeSync', 'ENOSPC', /the disk is full/],
    ['fsyncSync', 'EIO', /EIO/],
    ['renameSync', 'EACCES', /permission denied/],
    ['openSync', 'EMFILE', /too many files/],
    ['mkdirSync', 'EROFS', /read-only/],
  ] as const)('leaves the last good checkpoint, whichever %s fails (%s)', (name, code, message) => {
    save(1, { best: true, bestStep: 1 });
    let failures = 0;
    for (let nth = 1; ; nth++) {
      const failing = failAt(name, nth, code);
      let error: unknown;
      try {
        save(2 + nth, { best: true, bestStep: 2 + nth });
      } catch (caught) {
        error = caught;
      }
      const calls = failing.calls();
      failing.restore();
      if (calls < nth) break; // it is not called so often: all places have been tried
      failures++;
      expect(error).toBeInstanceOf(UserError);
      expect((error as Error).message).toMatch(message);
      // Either the old one or, when only a pointer failed, the new one: whole in every case.
      const { checkpoint, notices } = store.open();
      expect(notices).toEqual([]);
      expect(weightOf(checkpoint!)).toBe(checkpoint!.state.step);
      expect(files().filter((file) => file.startsWith('.'))).toEqual([]);
      store.rewind(checkpoint!);
      if (checkpoint!.state.step !== 1) {
        fs.rmSync(store.folder, { recursive: true });
        save(1, { best: true, bestStep: 1 });
      }
    }
    expect(failures).toBeGreaterThan(0);
  });
});

it('keeps for good what is to be kept along the training', () => {
  const keep = (step: number, best = false) =>
    store.save(
      { state: state(step), model: [['w', tensor([step])]], optimizer: [] },
      { best, keepInterval: 200 },
    );
  for (const step of [100, 200, 300, 400, 500]) keep(step, step === 100);
  expect(store.list().map(({ step }) => step)).toEqual([100, 200, 400, 500]);
});
