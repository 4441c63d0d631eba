import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  dataset,
  tinyDefinition as definition,
  temporaryFolder,
} from '../../test/suites/fixtures.js';
import { ReferenceBackend } from '../backend/index.js';
import { models } from '../models/index.js';
import { evaluate, meanLoss, wholePass } from '../observe/evaluate.js';
import { buildSettings } from '../runs/config.js';
import { currentBackend, useBackend } from '../tensor/index.js';
import { createModel, openRun } from './open-run.js';
import { type Session, startRun } from './session.js';
import { Trainer } from './trainer.js';

const data = dataset();

function trainer(overrides: Record<string, unknown> = {}, split = data) {
  const settings = buildSettings(definition, { overrides });
  const model = createModel(settings, data.tokenizer.vocabSize, definition);
  return new Trainer({ model, training: settings.training, seed: settings.seed, data: split });
}

/** All events by name, in order. */
function record(trainer: Trainer) {
  const events: { name: string; event: unknown }[] = [];
  for (const name of ['start', 'step', 'progress', 'metrics', 'evaluation', 'stop'] as const) {
    trainer.on(name, (event: unknown) => void events.push({ name, event }));
  }
  const of = <T>(name: string) => events.filter((e) => e.name === name).map((e) => e.event as T);
  return { events, of };
}

describe('Trainer', () => {
  it('learns, and tells of it in order', async () => {
    using t = trainer({ steps: 300, evalInterval: 100, logInterval: 50, dropout: 0 });
    const { events, of } = record(t);
    const result = await t.train();
    expect(events[0]).toMatchObject({
      name: 'start',
      event: { step: 0, steps: 300, tokensPerStep: 8 },
    });
    expect(events.at(-1)).toMatchObject({ name: 'stop', event: { reason: 'steps', step: 300 } });
    const steps = of<{ step: number; loss: number }>('step');
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 300 }, (_, i) => i + 1));
    const metrics = of<{ step: number; loss: number; tokens: number; gradNorm: number }>('metrics');
    expect(metrics.map(({ step, tokens }) => [step, tokens])).toEqual(
      [50, 100, 150, 200, 250, 300].map((step) => [step, step * 8]),
    );
    const mean = steps.slice(50, 100).reduce((sum, { loss }) => sum + loss, 0) / 50;
    expect(metrics[1]!.loss).toBeCloseTo(mean, 10);
    expect(metrics[1]!.gradNorm).toBeGreaterThan(0);
    const evaluations = of<{ step: number; loss: number; best: boolean }>('evaluation');
    expect(evaluations.map(({ step }) => step)).toEqual([100, 200, 300]);
    expect(evaluations[2]!.loss).toBeLessThan(evaluations[0]!.loss);
    expect(result).toMatchObject({ reason: 'steps', step: 300, stepsTaken: 300 });
    expect(result.train.loss!).toBeLessThan(metrics[0]!.loss - 0.5);
    const guess = Math.log(data.tokenizer.vocabSize);
    expect(result.validation!.loss).toBeLessThan(guess - 0.5);
    expect(result.best!.loss).toBe(Math.min(...evaluations.map(({ loss }) => loss)));
    expect(of('progress').length).toBeGreaterThan(0);
  });

  it('takes for accumulated micro-batches the step of one large batch', async () => {
    const large = trainer({ steps: 5, batchSize: 12, dropout: 0, optimizer: 'sgd', lr: 0.5 });
    const small = trainer({
      steps: 5,
      batchSize: 4,
      gradAccumulation: 3,
      dropout: 0,
      optimizer: 'sgd',
      lr: 0.5,
    });
    const one = await large.train();
    const three = await small.train();
    expect(three.train.loss).toBeCloseTo(one.train.loss!, 5);
    const expected = large.model.stateDict();
    for (const [name, tensor] of small.model.stateDict()) {
      const values = expected.get(name)!.dataSync();
      tensor.dataSync().forEach((value, i) => void expect(value).toBeCloseTo(values[i]!, 5));
    }
  });

  it('clips the gradient to the norm that it is given', async () => {
    using t = trainer({ steps: 1, optimizer: 'sgd', lr: 1, clipNorm: 1e-3, warmupSteps: 0 });
    const before = [...t.model.stateDict()].map(([name, x]) => [name, x.dataSync()] as const);
    await t.train();
    let sum = 0;
    for (const [name, values] of before) {
      const after = t.model.stateDict().get(name)!.dataSync();
      values.forEach((value, i) => void (sum += (value - after[i]!) ** 2));
    }
    expect(Math.sqrt(sum)).toBeCloseTo(1e-3, 5);
  });

  it('decays matrices and leaves vectors alone', async () => {
    // At a rate whose gradients vanish beside the decay.
    const settings = buildSettings(definition, { overrides: { weightDecay: 0.5, lr: 1e-3 } });
    const model = createModel(settings, 20, definition);
    const { optimizerOf } = await import('./stepper.js');
    const groups = optimizerOf(model, settings.training).groups.map(({ options, slots }) => [
      (options as { weightDecay: number }).weightDecay,
      slots.map(({ name }) => name),
    ]);
    expect(groups).toEqual([
      [0.5, ['embedding.weight', 'hidden.weight', 'output.weight']],
      [0, ['hidden.bias', 'output.bias']],
    ]);
  });

  it('ends early when the validation loss does not get better', async () => {
    using t = trainer({ steps: 1000, evalInterval: 5, patience: 3, optimizer: 'sgd', lr: 1e-12 });
    const { of } = record(t);
    const result = await t.train();
    expect(result.reason).toBe('patience');
    const evaluations = of<{ best: boolean }>('evaluation').map(({ best }) => best);
    expect(evaluations.slice(-3)).toEqual([false, false, false]);
    expect(result.step).toBe(evaluations.length * 5);
    expect(result.validation).not.toBeNull();
  });

  it('ends at the time limit, and when it is asked to', async () => {
    using slow = trainer({ steps: 1e9, evalInterval: 1e9, maxSeconds: 0.2 });
    const result = await slow.train();
    expect(result.reason).toBe('time');
    expect(result.seconds).toBeGreaterThan(0.19);
    using asked = trainer({ steps: 1e9, evalInterval: 1e9 });
    setTimeout(() => asked.stop(), 50); // timers have their turn between steps
    const stopped = await asked.train();
    expect(stopped.reason).toBe('stopped');
    expect(stopped.validation).toBeNull();
  });

  it('does without a validation split', async () => {
    using t = trainer({ steps: 3 }, dataset([1, 0, 0]));
    expect(await t.train()).toMatchObject({ reason: 'steps', validation: null, best: null });
  });

  it('calls hooks with gradients at hand', async () => {
    const seen: string[] = [];
    const settings = buildSettings(definition, { overrides: { steps: 2 } });
    const model = createModel(settings, data.tokenizer.vocabSize, definition);
    const note = (what: string) => (step: number) => {
      const grads = model.parameters().filter(({ hasGrad }) => hasGrad).length;
      seen.push(`${what} ${step} ${grads}`);
    };
    const hooks = { start: note('start'), backward: note('backward'), update: note('update') };
    await new Trainer({ model, training: settings.training, seed: 0, data, hooks }).train();
    expect(seen).toEqual(
      [0, 1].flatMap((step) => [`start ${step} 0`, `backward ${step} 5`, `update ${step} 5`]),
    );
  });

  it('leaves no buffer behind over a thousand steps', async () => {
    const before = currentBackend();
    useBackend(new ReferenceBackend()); // one that nothing else uses
    try {
      using t = trainer({
        steps: 1000,
        gradAccumulation: 2,
        evalInterval: 99,
        sampleInterval: 250,
      });
      const counts = new Set<number>();
      t.on('step', ({ step }) => {
        if (step % 100 === 1) counts.add(currentBackend().memory.buffers);
      });
      await t.train();
      expect(counts.size).toBe(1);
    } finally {
      useBackend(before);
    }
  });

  it('fits a model that is counted, scores it and saves it', async () => {
    using folder = temporaryFolder();
    const bigram = models.get('bigram')!;
    const settings = buildSettings(bigram, { preset: 'counted' });
    let whole: number;
    {
      using session: Session = await startRun(settings, { folder: folder.path, name: 'b', data });
      const result = await session.trainer.train();
      expect(result).toMatchObject({
        reason: 'fitted',
        step: 0,
        validation: { split: 'validation' },
      });
      expect(result.train.loss!).toBeLessThan(result.validation!.loss);
      expect(result.validation!.loss).toBeLessThan(Math.log(data.tokenizer.vocabSize));
      whole = result.validation!.loss;
    }
    using opened = await openRun(path.join(folder.path, 'b'));
    const { validation } = data.splits;
    const input = { name: 'validation', ...validation, tokenizer: data.tokenizer } as const;
    expect(evaluate(opened.model, input).loss).toBe(whole);
    expect(fs.readFileSync(path.join(folder.path, 'b', 'metrics.jsonl'), 'utf8')).toContain(
      '"fitted"',
    );
  });
});

describe('evaluate', () => {
  it('predicts every token once, in evaluation mode, and counts bytes that were predicted', () => {
    const settings = buildSettings(definition);
    const model = createModel(settings, data.tokenizer.vocabSize, definition).train();
    const { ids, bytes } = data.splits.validation;
    const input = { name: 'validation', ids, bytes, tokenizer: data.tokenizer } as const;
    const result = evaluate(model, input);
    expect(result.tokens).toBe(ids.length - model.blockSize);
    expect(result.perplexity).toBeCloseTo(Math.exp(result.loss), 10);
    // One byte a character: bits per byte are nats per token over ln 2.
    expect(result.bitsPerByte).toBeCloseTo(result.loss / Math.LN2, 10);
    expect(evaluate(model, input)).toEqual(result); // no dropout, no random number drawn
    expect(model.training).toBe(true);
    expect(meanLoss(model, wholePass(model, { ids }, 'validation'))).toBe(result.loss);
    expect(() => evaluate(model, { ...input, ids: ids.subarray(0, 0) })).toThrow(
      /no validation part/,
    );
    expect(() => evaluate(model, { ...input, ids: ids.subarray(0, 3) })).toThrow(/has 3 tokens/);
  });
});
