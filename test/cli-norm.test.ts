/** BatchNorm's statistics and initialisations, as the built command line shows them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectMessage, SMALL, Workshop } from './run-cli.js';

let shop: Workshop;
beforeAll(() => {
  shop = new Workshop();
});
afterAll(() => shop[Symbol.dispose]());

interface Score {
  mode: string;
  loss: number;
  population: string;
  drift: { layer: string; mean: number; logVariance: number }[];
}

describe('eval --batch-norm', () => {
  it('scores one model in each way, with the drift by layer', async () => {
    const norm = ['--set', 'norm=batch', '--set', 'nLayer=2'];
    await shop.json(['train', ...SMALL, ...norm, '--out', 'runs/norm']);
    const command = ['eval', 'norm', '--batch-norm', 'ema,precise,frozen,batch'];
    const { batchNorm } = await shop.json<{ batchNorm: Score[] }>(command);
    expect(batchNorm.map(({ mode }) => mode)).toEqual(['ema', 'precise', 'frozen', 'batch']);
    const plain = await shop.json<{ loss: number }>(['eval', 'norm']);
    expect(batchNorm[0]!.loss).toBe(plain.loss);
    for (const { loss, drift, mode } of batchNorm) {
      expect(loss).toBeGreaterThan(0);
      expect(drift.map(({ layer }) => layer)).toEqual(
        mode === 'batch' ? [] : ['hidden.0.norm', 'hidden.1.norm'],
      );
    }
    const text = await shop.nanogpt(command);
    expect(text.code).toBe(0);
    expect(text.stdout).toMatch(/^precise .* recomputed from training batches$/m);
    expect(text.stdout).toMatch(/^hidden\.1\.norm +ema( +\d\.\d{4}){4}$/m);
  });

  it('says what does not fit', async () => {
    await shop.json(['train', ...SMALL, '--out', 'runs/plain']);
    expectMessage(
      await shop.nanogpt(['eval', 'plain', '--batch-norm', 'ema']),
      1,
      /norm=batch gives it one/,
    );
    expectMessage(
      await shop.nanogpt(['eval', 'plain', '--batch-norm', 'emma']),
      2,
      /Did you mean "ema"/,
    );
  });
});

describe('describe --init', () => {
  it('shows initialisations side by side', async () => {
    const command = ['describe', 'mlp', '--preset', 'chars', '--data', 'text.txt', '--init'];
    const report = await shop.json<{
      lnVocabSize: number;
      variants: { name: string; loss: number; activations: { layer: string; std: number }[] }[];
    }>([...command, '--set', 'activation=tanh']);
    expect(report.variants.map(({ name }) => name)).toEqual([
      ...['as set', 'kaiming', 'xavier', 'too small', 'too large'],
    ]);
    const std = Object.fromEntries(
      report.variants.map(({ name, activations }) => [name, activations.at(-1)!.std]),
    );
    expect(std['too small']).toBeLessThan(std['kaiming']! / 2);
    expect(std['too large']).toBeGreaterThan(std['kaiming']!);
    const text = await shop.nanogpt(command);
    expect(text.stdout).toMatch(/^initial loss, nats( +\d\.\d{4}){5}$/m);
    expect(text.stdout).toMatch(/^dead units/m);
  });

  it('is for models alone, and for those that can be initialised', async () => {
    expectMessage(await shop.nanogpt(['describe', 'bigram', '--init']), 2, /no setting init/);
    expectMessage(await shop.nanogpt(['describe', '--init']), 2, /--init does not apply/);
  });
});
