import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { buildSettings } from '../src/runs/config.js';
import { listRuns } from '../src/runs/list-runs.js';
import { readRunConfig } from '../src/runs/run-config.js';
import { RunDirectory } from '../src/runs/run-directory.js';
import { openRun } from '../src/train/open-run.js';
import { resumeRun, startRun } from '../src/train/session.js';
import { UserError } from '../src/util/errors.js';
import { dataset, tinyDefinition as definition, temporaryFolder } from './suites/fixtures.js';

const data = dataset();
let folder: ReturnType<typeof temporaryFolder>;
let runs: string;
beforeEach(() => {
  folder = temporaryFolder();
  runs = path.join(folder.path, 'runs');
});
afterEach(() => {
  vi.restoreAllMocks();
  folder[Symbol.dispose]();
});

const start = (name?: string, overrides: Record<string, unknown> = {}) =>
  startRun(buildSettings(definition, { overrides: { steps: 6, ...overrides } }), {
    folder: runs,
    name,
    definition,
    data,
  });

describe('a run directory', () => {
  it('has all that DESIGN asks for, and stands alone', async () => {
    {
      using session = await start('first', { sampleInterval: 3, sampleTokens: 12 });
      expect(fs.existsSync(path.join(runs, 'first', 'train.lock'))).toBe(true);
      await session.trainer.train();
    }
    const run = path.join(runs, 'first');
    expect(fs.readdirSync(run).sort()).toEqual([
      'checkpoints',
      'config.json',
      'metrics.jsonl',
      'samples.txt',
      'tokenizer',
    ]);
    const config = readRunConfig(run);
    expect(config).toMatchObject({
      name: 'first',
      model: 'tiny',
      preset: 'plain',
      modelConfig: { nHidden: 16 },
      training: { steps: 6, optimizer: 'adamw', logInterval: 1 },
      seed: 0,
      vocabSize: data.tokenizer.vocabSize,
      versions: { nanogpt: expect.stringMatching(/^\d/), node: process.version },
    });
    expect(config.versions.threads).toBeGreaterThan(0);
    expect(fs.readFileSync(path.join(run, 'samples.txt'), 'utf8')).toMatch(
      /^── step 3 ──\n[^─]{12}\n\n── step 6 ──\n[^─]{12}\n\n$/,
    );
    const moved = path.join(folder.path, 'moved');
    fs.renameSync(run, moved);
    using opened = await openRun(moved, { definition });
    expect(opened.tokenizer.fingerprint).toBe(data.tokenizer.fingerprint);
    expect(opened.checkpoint.state.step).toBe(6);
    expect(opened.model.training).toBe(false);
  });

  it('is named by model, preset and time, and never takes the place of another', async () => {
    const names: string[] = [];
    for (let i = 0; i < 3; i++) {
      using session = await start();
      names.push(session.run.name);
      expect(session.run.config.name).toBe(session.run.name);
    }
    expect(names[0]).toMatch(/^tiny-plain-\d{8}-\d{4}$/);
    expect(new Set(names).size).toBe(3);
    (await start('mine'))[Symbol.dispose]();
    await expect(start('mine')).rejects.toThrow(/exists already.*--resume mine/);
    expect(fs.readdirSync(runs).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it.each(['', '../up', 'a/b', '.hidden', '-flag', 'a b', 'x'.repeat(101)])(
    'refuses the name "%s"',
    async (name) => {
      await expect(start(name)).rejects.toThrow(/run name/);
    },
  );

  it('is not made when model and data do not fit together', async () => {
    await expect(start('never', { blockSize: 1_000_000 })).rejects.toThrow(/train split has/);
    expect(fs.existsSync(path.join(runs, 'never'))).toBe(false);
  });

  it('is trained in by one process at a time', async () => {
    using session = await start('busy');
    const file = path.join(session.run.path, 'train.lock');
    await expect(resumeRun(session.run.path, { definition, data })).rejects.toThrow(
      new RegExp(`process ${process.pid} is training in this run`),
    );
    // A living process that began at another time is not the one that took it.
    session.run.close();
    fs.writeFileSync(file, `${process.ppid}\n`);
    await expect(resumeRun(session.run.path, { definition, data })).rejects.toThrow(
      new RegExp(`process ${process.ppid} is training.*remove .*train.lock`),
    );
    for (const stale of [
      `${process.ppid} 1\n`,
      `${process.pid} 1\n`,
      '',
      'nonsense',
      '99999999\n',
    ]) {
      fs.writeFileSync(file, stale);
      (await resumeRun(session.run.path, { definition, data }))[Symbol.dispose]();
      expect(fs.existsSync(file)).toBe(false);
    }
  });

  it('is trained in by one of two that find the lock of a killed process at once', async () => {
    (await start('contested'))[Symbol.dispose]();
    const run = path.join(runs, 'contested');
    const file = path.join(run, 'train.lock');
    fs.writeFileSync(file, '99999999\n');
    const rename = fs.renameSync;
    vi.spyOn(fs, 'renameSync').mockImplementationOnce((from, to) => {
      fs.writeFileSync(file, `${process.ppid}\n`); // the other one was faster
      rename(from, to);
    });
    await expect(resumeRun(run, { definition, data })).rejects.toThrow(
      /another process has just begun/,
    );
    expect(fs.readFileSync(file, 'utf8')).toBe(`${process.ppid}\n`);
    expect(fs.readdirSync(run).filter((name) => name.startsWith('train'))).toEqual(['train.lock']);
  });

  it('goes on with other settings where it may, and writes them down', async () => {
    {
      using session = await start('longer');
      await session.trainer.train();
    }
    const run = path.join(runs, 'longer');
    {
      using session = await resumeRun(run, { definition, data, overrides: { steps: 9 } });
      expect(session.trainer.step).toBe(6);
      expect((await session.trainer.train()).step).toBe(9);
    }
    expect(readRunConfig(run).training.steps).toBe(9);
    const lines = RunDirectory.open(run).read('metrics') as { type: string; step: number }[];
    expect(lines.filter(({ type }) => type === 'step').map(({ step }) => step)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    await expect(resumeRun(run, { definition, data, overrides: { nHidden: 3 } })).rejects.toThrow(
      /nHidden cannot change/,
    );
  });

  it('says what is wrong with a folder that is none', async () => {
    expect(() => RunDirectory.open(path.join(runs, 'nowhere'))).toThrow(/there is no such folder/);
    fs.mkdirSync(path.join(runs, 'empty'), { recursive: true });
    expect(() => RunDirectory.open(path.join(runs, 'empty'))).toThrow(/it has no config.json/);
    using session = await start('broken');
    const file = path.join(session.run.path, 'config.json');
    const text = fs.readFileSync(file, 'utf8');
    const cases: [string, RegExp][] = [
      [text.slice(0, 50), /not valid JSON/],
      [text.replace('"steps": 6', '"steps": -6'), /steps/],
      [text.replace('"nanogpt-run"', '"other"'), /is not a run that this version reads/],
    ];
    for (const [changed, message] of cases) {
      fs.writeFileSync(file, changed);
      expect(() => RunDirectory.open(session.run.path)).toThrow(message);
      expect(() => RunDirectory.open(session.run.path)).toThrow(UserError);
    }
    fs.writeFileSync(file, text);
    await expect(openRun(session.run.path, { definition })).rejects.toThrow(/no checkpoint yet/);
  });
});

describe("a run's folder that vanishes while it trains", () => {
  const run = () => path.join(runs, 'lost');
  /** What stands in its place afterwards, and whether that is all of a run. */
  const disturbances: Record<string, () => void> = {
    renamed: () => fs.renameSync(run(), path.join(folder.path, 'elsewhere')),
    deleted: () => fs.rmSync(run(), { recursive: true }),
    'replaced by a folder': () => {
      fs.renameSync(run(), path.join(folder.path, 'elsewhere'));
      fs.mkdirSync(run());
      fs.writeFileSync(path.join(run(), 'train.lock'), 'another process\n');
    },
    'replaced by a file': () => {
      fs.rmSync(run(), { recursive: true });
      fs.writeFileSync(run(), '');
    },
    'lost with the folder above it, replaced by a file': () => {
      fs.rmSync(runs, { recursive: true });
      fs.writeFileSync(runs, '');
    },
  };

  for (const [how, disturb] of Object.entries(disturbances)) {
    it(`is noticed, and not made anew: ${how}`, async () => {
      for (const at of ['step', 'metrics', 'checkpoint', 'sample'] as const) {
        fs.rmSync(runs, { recursive: true, force: true });
        fs.rmSync(path.join(folder.path, 'elsewhere'), { recursive: true, force: true });
        let after: string[] | undefined;
        const contents = () =>
          fs.readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).sort();
        const training = async () => {
          using session = await start('lost', { sampleInterval: 2, checkpointInterval: 3 });
          session.trainer.on(at, ({ step }: { step: number }) => {
            if (step < 2 || after) return;
            disturb();
            after = contents();
          });
          await session.trainer.train();
        };
        const error = await training().catch((error) => error);
        expect(error).toBeInstanceOf(UserError);
        expect(error.message).toMatch(
          /^.*lost: this folder is (no longer there|not the one)[^\n]*$/,
        );
        expect(error.message).not.toMatch(/intact/);
        const left = contents().filter((name) => !after!.includes(name));
        // In the folder that was renamed, files go on to be written, or its lock is left.
        expect(left.filter((name) => !name.startsWith('elsewhere'))).toEqual([]);
        if (how === 'replaced by a folder') expect(fs.readdirSync(run())).toEqual(['train.lock']);
      }
    });
  }

  it('goes on in the folder that was renamed', async () => {
    const moved = path.join(folder.path, 'moved');
    const training = async () => {
      using session = await start('lost');
      session.trainer.on('step', ({ step }) => {
        if (step === 4) fs.renameSync(run(), moved);
      });
      await session.trainer.train();
    };
    await expect(training()).rejects.toThrow(/go on with --resume/);
    using session = await resumeRun(moved, { definition, data });
    expect((await session.trainer.train()).step).toBe(6);
  });
});

describe('a file system that refuses a line', () => {
  it.each(['metrics.jsonl', 'samples.txt'])(
    'of %s: says that the last checkpoint is intact',
    async (file) => {
      using session = await start('full', { sampleInterval: 1, checkpointInterval: 1 });
      const { run, trainer } = session;
      let full = false;
      const write = fs.writeSync;
      const descriptor = () => {
        const { ino } = fs.statSync(path.join(run.path, file));
        return (fd: number) => fs.fstatSync(fd).ino === ino;
      };
      vi.spyOn(fs, 'writeSync').mockImplementation(((fd: number, bytes: Uint8Array, at: number) => {
        if (!full || !descriptor()(fd)) return write(fd, bytes, at);
        if (at > 0) throw Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'write' });
        return write(fd, bytes, 0, 5); // so much fitted
      }) as typeof fs.writeSync);
      trainer.on('step', ({ step }) => {
        full = step === 4;
      });
      const written = () => fs.readFileSync(path.join(run.path, file), 'utf8');
      let text = '';
      trainer.on('checkpoint', () => {
        text = written();
      });
      await expect(trainer.train()).rejects.toThrow(
        new RegExp(`^cannot write .*${file}: the disk is full.* step-000003, is intact\\.$`),
      );
      expect(written().endsWith('\n')).toBe(true);
      expect(written().startsWith(text)).toBe(true);
    },
  );
});

describe('listRuns', () => {
  it('lists runs, damaged ones with what is wrong, and nothing else', async () => {
    expect(listRuns(runs)).toEqual([]);
    {
      using session = await start('done');
      await session.trainer.train();
    }
    using _open = await start('open');
    (await start('bad'))[Symbol.dispose]();
    fs.writeFileSync(path.join(runs, 'bad', 'config.json'), '{');
    fs.mkdirSync(path.join(runs, 'other'));
    fs.writeFileSync(path.join(runs, 'file'), '');
    const list = listRuns(runs);
    const byName = Object.fromEntries(list.map((run) => [run.name, run]));
    expect(list.map(({ name }) => name).sort()).toEqual(['bad', 'done', 'open']);
    expect(byName['done']).toMatchObject({
      model: 'tiny',
      step: 6,
      steps: 6,
      running: false,
      validationLoss: expect.any(Number),
      best: { loss: expect.any(Number) },
    });
    expect(byName['open']).toMatchObject({ running: true, steps: 6 });
    expect(byName['open']!.step).toBeUndefined();
    expect(byName['bad']!.problem).toMatch(/not valid JSON/);
  });
});
