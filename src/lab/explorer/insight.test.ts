import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallText } from '../../../test/run-cli.js';
import { LabFixture, trainSmall } from '../../../test/suites/lab.js';
import { noGrad, tensor } from '../../tensor/index.js';
import { type OpenedRun, openRun } from '../../train/index.js';
import { ProbeCache } from './inside.js';
import { insightOf } from './insight.js';

let lab: LabFixture;
let opened: OpenedRun;
let folder: string;
beforeAll(async () => {
  lab = await LabFixture.start();
  fs.writeFileSync(path.join(lab.root, 'text.txt'), smallText());
  await trainSmall(lab, 'small');
  folder = path.join(lab.folder, 'small');
  opened = await openRun(folder);
}, 60_000);
afterAll(async () => {
  opened[Symbol.dispose]();
  await lab[Symbol.asyncDispose]();
});

describe('what a transformer does with a prompt', () => {
  it('is a row of weights for each query, of those before it, that sum to 1', () => {
    const { attention, tokens } = insightOf(opened, 'Anna reads');
    expect(tokens.map(({ text }) => text).join('')).toBe('Anna reads');
    expect(attention.map(({ path }) => path)).toEqual(['h.0.attn', 'h.1.attn']);
    for (const { heads } of attention) {
      expect(heads).toHaveLength(2);
      for (const map of heads) {
        expect(map.map((row) => row.length)).toEqual(tokens.map((_, i) => i + 1));
        for (const row of map) {
          expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 1.5);
        }
      }
    }
  });

  it('ends with what the model itself predicts, after its last layer', () => {
    const { lens, tokens } = insightOf(opened, 'Anna reads');
    expect(lens.map(({ path }) => path)).toEqual(['embedding', 'h.0', 'h.1']);
    const { model, tokenizer } = opened;
    const ids = Int32Array.from(tokens, ({ id }) => id);
    const logits = noGrad(() => model.forward(tensor(ids, { shape: [1, ids.length] }))).dataSync();
    const V = model.vocabSize;
    lens.at(-1)!.places.forEach(({ top, entropy }, t) => {
      const row = Array.from(logits.subarray(t * V, (t + 1) * V));
      const most = row.indexOf(Math.max(...row));
      expect(top[0]!.text).toBe(tokenizer.tokenToString(most));
      const sum = row.reduce((all, value) => all + Math.exp(value - row[most]!), 0);
      expect(top[0]!.probability).toBeCloseTo(1 / sum, 4);
      expect(entropy).toBeGreaterThan(0);
    });
  });

  it('keeps to the last tokens of a long prompt, and leaves the model as it was', () => {
    const before = insightOf(opened, 'Ben').lens;
    expect(insightOf(opened, 'Anna reads, number 12. Ben').tokens).toHaveLength(16); // a block
    expect(insightOf(opened, 'Ben').lens).toEqual(before);
  });
});

describe('what was measured inside a run', () => {
  it('is a value for each step and part', () => {
    const reply = new ProbeCache().inside(folder, 2);
    const { steps, parameters, layers, units, attentionEntropy } = reply;
    expect(steps[0]).toBe(1);
    expect(steps.at(-1)).toBe(25);
    for (const { path, updateToData } of parameters) {
      expect([path, updateToData.length]).toEqual([path, steps.length]);
    }
    expect(parameters.map(({ path }) => path)).toContain('h.1.mlp.cFc.weight');
    expect(layers.some(({ gradNorm }) => gradNorm.at(-1)! > 0)).toBe(true);
    expect(reply.clipNorm).toBe(2);
    expect(units).toHaveLength(2);
    expect(attentionEntropy.map(({ relative }) => relative.length)).toEqual([2, 2]);
    expect(reply.predictions.last!.tokens).toBeGreaterThan(0);
  });

  it('has tensors by pattern, a few in full', () => {
    const cache = new ProbeCache();
    const { matches, tensors } = cache.tensors(folder, 'weight:h.0.*');
    expect(matches).toBe(tensors.length);
    expect(tensors.every(({ kind, path }) => kind === 'weight' && path.startsWith('h.0.'))).toBe(
      true,
    );
    expect(tensors[0]!.statistics).toHaveLength(tensors[0]!.steps.length);
    const all = cache.tensors(folder, '*');
    expect(all.tensors).toHaveLength(8);
    expect(all.matches).toBeGreaterThan(30);
    expect(cache.tensors(folder, 'no such').matches).toBe(0);
    expect(cache.tensors(folder, '*', Infinity).tensors).toHaveLength(all.matches);
  });

  it('is bounded, however many lines a file has', () => {
    const many = path.join(lab.root, 'many');
    fs.mkdirSync(many);
    const lines = fs.readFileSync(path.join(folder, 'probes.jsonl'), 'utf8').split('\n');
    const at = (step: number) =>
      `${lines[0]}\n${lines[1]}\n`.replaceAll('"step":1,', `"step":${step},`);
    const file = path.join(many, 'probes.jsonl');
    fs.writeFileSync(file, Array.from({ length: 1500 }, (_, i) => at(i + 1)).join(''));
    const cache = new ProbeCache();
    const first = cache.inside(many, 0).steps;
    expect(first.length).toBeLessThanOrEqual(1000);
    expect(first.at(-1)).toBe(1500);
    fs.appendFileSync(file, at(1501));
    expect(cache.inside(many, 0).steps.at(-1)).toBe(1501);
    expect(cache.tensors(many, 'weight:wte*').tensors[0]!.steps.length).toBeLessThanOrEqual(1000);
  });

  it('reads on where it was, and takes back what a run measured again', () => {
    const cache = new ProbeCache();
    const file = path.join(lab.root, 'again');
    fs.mkdirSync(file);
    const lines = fs.readFileSync(path.join(folder, 'probes.jsonl'), 'utf8').trim().split('\n');
    const probes = path.join(file, 'probes.jsonl');
    fs.writeFileSync(probes, `${lines.slice(0, 8).join('\n')}\n{"type":"mod`);
    const first = cache.inside(file, 0).steps;
    expect(first).toEqual([1, 2, 3, 4]);
    fs.writeFileSync(probes, `${lines.slice(0, 12).join('\n')}\n`);
    expect(cache.inside(file, 0).steps).toHaveLength(6);
    fs.appendFileSync(probes, `${lines.slice(4, 8).join('\n')}\n`); // steps 3 and 4 once more
    expect(cache.inside(file, 0).steps).toEqual(first);
    fs.rmSync(probes);
    expect(cache.inside(file, 0).steps).toEqual([]);
  });
});
