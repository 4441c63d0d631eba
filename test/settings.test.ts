import { describe, expect, it } from 'vitest';
import { models } from '../src/models/index.js';
import { buildSettings, changeSettings, parseOverrides, settingsOf } from '../src/runs/config.js';
import { resolveTraining } from '../src/runs/settings.js';
import { scheduleOf } from '../src/train/stepper.js';
import { UsageError } from '../src/util/errors.js';
import { tinyDefinition as tiny } from './suites/fixtures.js';

const mlp = models.get('mlp')!;
const build = (overrides: Record<string, unknown> = {}, preset?: string) =>
  buildSettings(mlp, { preset, overrides });
const set = (...pairs: string[]) => buildSettings(mlp, { overrides: parseOverrides(mlp, pairs) });

describe('settings', () => {
  it('has keys that differ between run, model and training, each with a meaning, for every model', () => {
    for (const definition of [...models.values(), tiny]) {
      for (const { key, description } of settingsOf(definition).values()) {
        expect(description, `${definition.name}.${key}`).not.toBe('');
      }
    }
    const clash = { ...tiny, schema: mlp.schema, name: 'clash' };
    expect(() => settingsOf(clash)).not.toThrow();
  });

  it('builds every preset of every model', () => {
    for (const definition of models.values()) {
      for (const preset of Object.keys(definition.presets)) {
        const { training, modelConfig } = buildSettings(definition, { preset });
        expect(training.evalInterval).toBeGreaterThan(0);
        expect(definition.schema.safeParse(modelConfig).success).toBe(true);
        expect(scheduleOf(training)(0)).toBeGreaterThanOrEqual(0);
      }
    }
  });

  it('reads values as their keys take them', () => {
    const { training, modelConfig, ...run } = set(
      'lr=1e-2',
      'steps=1e3',
      'optimizer=sgd',
      'momentum=0.9',
      'nesterov=true',
      'schedule=step',
      'stepAt=100,200',
      'nEmbd=12',
      'hiddenBias=true',
      'activation=tanh',
      'seed=9',
      'split=0.9,0.1',
      'data=1984.txt',
    );
    expect(training).toMatchObject({
      lr: 0.01,
      steps: 1000,
      momentum: 0.9,
      nesterov: true,
      stepAt: [100, 200],
    });
    expect(modelConfig).toMatchObject({
      nEmbd: 12,
      hiddenBias: true,
      activation: 'tanh',
      blockSize: 10,
    });
    expect(run).toMatchObject({ seed: 9, split: [0.9, 0.1, 0], data: '1984.txt', model: 'mlp' });
    expect(set('stepAt=700').training.stepAt).toEqual([700]);
    expect(set().training.lrScale).toEqual([]);
    expect(set('lrScale=').training.lrScale).toEqual([]);
    expect(set('lrScale=embedding=0.5, output.bias=2').training.lrScale).toEqual([
      'embedding=0.5',
      'output.bias=2',
    ]);
    expect(parseOverrides(mlp, ['data=1984']).data).toBe('1984');
  });

  it.each([
    ['learningrate=1', /unknown setting of mlp "learningrate"/],
    ['batchsize=1', /Did you mean "batchSize"\?/],
    ['nHiden=3', /Did you mean "nHidden"\?/],
    ['lr=fast', /lr=fast: expected a number, got "fast".*lr is: peak learning rate/],
    ['lr=-1', /lr=-1: expected a number of at least 0, got "-1"/],
    ['steps=1.5', /steps=1.5: expected a whole number, got "1.5"/],
    ['nesterov=maybe', /nesterov=maybe: expected true or false, got "maybe"/],
    ['optimizer=adam', /optimizer=adam: expected one of sgd, adamw, muon, got "adam"/],
    ['lrScale=embedding', /lrScale=embedding: expected path=factor/],
    ['lrScale=embedding=', /expected path=factor/],
    ['lrScale=embedding=fast,output=1', /expected path=factor/],
    ['lrScale=embedding=-1', /with a factor of at least 0/],
    ['lrScale=embedding=Infinity', /expected path=factor/],
    ['lrScale==2', /expected path=factor/],
    ['lrScale=output.=2', /expected path=factor/],
    ['lrScale=output=2,output=3', /lrScale has two factors for output/],
    ['lr', /expected key=value/],
    ['=3', /expected key=value/],
    ['split=0.5', /split=0.5: expected at least 2 entries, got "0.5"/],
    ['nHidden=', /nHidden=: expected a number, got nothing\./],
    ['nesterov=', /nesterov=: expected true or false, got nothing\./],
    ['optimizer=', /optimizer=: expected one of sgd, adamw, muon, got nothing\./],
    ['split=', /split=: .*got nothing\./],
    ['nHidden=1e16', /nHidden=1e16: expected a whole number of at most 9007199254740991/],
    ['batchSize=1e400', /batchSize=1e400: expected a number, got "1e400"/],
  ])('refuses %s', (pair, message) => {
    expect(() => set(pair)).toThrow(message);
    expect(() => set(pair)).toThrow(UsageError);
  });

  it('refuses a key that is set twice, and unknown presets', () => {
    expect(() => set('lr=1', 'lr=2')).toThrow(/set twice/);
    expect(() => build({}, 'publishd')).toThrow(/Did you mean "published"\?/);
  });

  it.each([
    [{ optimizer: 'adamw', lr: 1e-3, momentum: 0.9 }, /momentum belongs to optimizer=sgd or muon/],
    [{ beta1: 0.8 }, /beta1 belongs to optimizer=adamw or muon/],
    [{ adamwLr: 0.1 }, /adamwLr belongs to optimizer=muon/],
    [{ optimizer: 'adamw', muonScale: 'original' }, /muonScale belongs to optimizer=muon/],
    [{ optimizer: 'muon', nesterov: true }, /Muon always has it/],
    [{ decayShare: 0.1 }, /decayShare belongs to schedule=wsd/],
    [{ schedule: 'wsd', decayShare: 1.5 }, /decayShare/],
    [{ schedule: 'cosine', stepAt: [5] }, /stepAt belongs to schedule=step/],
    [{ minLr: 0.1 }, /minLr belongs to schedule=cosine/],
    [{ schedule: 'cosine', minLr: 0.9 }, /minLr 0.9 is above lr 0.7/],
    [{ nesterov: true }, /nesterov needs momentum/],
    [{ warmupFrom: 0.1 }, /warmupSteps is 0/],
    [{ warmupSteps: 5, warmupFrom: 0.8 }, /warmupFrom 0.8 is above lr/],
    [{ stepAt: [200, 100] }, /stepAt must ascend/],
    [{ schedule: 'step', stepAt: [] }, /needs stepAt/],
    [{ lr: 0 }, /at lr 0 would change nothing/],
    [{ sampleTokens: 5 }, /sampleInterval is 0/],
    [{ patience: 3, split: [0.9, 0, 0.1] }, /has no validation part/],
    [{ split: [0.5, 0.1, 0.1] }, /sum to 1/],
  ])('refuses what contradicts itself: %j', (overrides, message) => {
    expect(() => build(overrides)).toThrow(message);
    expect(() => build(overrides)).toThrow(UsageError);
  });

  it("drops the preset's word on a choice that the user made otherwise", () => {
    const { training } = build({ schedule: 'constant' });
    expect(training).toMatchObject({ schedule: 'constant', stepAt: [] });
    expect(build({}, 'published').training.stepAt).toEqual([1000]);
  });

  it('derives what is left out', () => {
    const { training } = buildSettings(tiny, {
      overrides: { steps: 500, evalInterval: undefined },
    });
    expect(training).toMatchObject({
      weightDecay: 0.01,
      evalInterval: 50,
      checkpointInterval: 50,
      logInterval: 2,
    });
    const of = (overrides: Record<string, unknown>) => buildSettings(tiny, { overrides }).training;
    expect(of({ optimizer: 'sgd' })).toMatchObject({ weightDecay: 0, momentum: 0 });
    const muon = { optimizer: 'muon', lr: 0.02 };
    expect(of(muon)).toMatchObject({ weightDecay: 0.01, momentum: 0.95, adamwLr: 0.02 });
    expect(of({ ...muon, muonScale: 'original' }).adamwLr).toBe(3e-4);
    expect(of({ ...muon, adamwLr: 0.1 }).adamwLr).toBe(0.1);
    expect(of({})).not.toHaveProperty('adamwLr');
    // SGD's momentum is none of Muon's.
    const preset = { steps: 1, batchSize: 1, lr: 1, optimizer: 'sgd', momentum: 0.5 } as const;
    expect(resolveTraining(preset, {}).momentum).toBe(0.5);
    expect(resolveTraining(preset, { optimizer: 'muon' }).momentum).toBe(0.95);
    expect(resolveTraining(preset, { optimizer: 'muon', momentum: 0.5 }).momentum).toBe(0.5);
  });

  it('lets a run change its training on its way, and nothing that it stands on', () => {
    const before = build();
    const after = changeSettings(mlp, before, { steps: 5000, lr: 0.1, nEmbd: 200 });
    expect(after.training).toMatchObject({ steps: 5000, lr: 0.1, evalInterval: 100 });
    expect(changeSettings(mlp, before, {})).toEqual(before);
    for (const [key, value] of Object.entries({
      nEmbd: 3,
      seed: 1,
      data: 'x',
      batchSize: 7,
      lrScale: ['output=2'],
    })) {
      expect(() => changeSettings(mlp, before, { [key]: value })).toThrow(
        new RegExp(`${key} cannot change while a run goes on`),
      );
    }
  });
});

describe('scheduleOf', () => {
  it('warms up, then divides at steps that count from the start', () => {
    const at = scheduleOf(
      build({ warmupSteps: 10, stepAt: [100], lr: 1, stepFactor: 0.5 }).training,
    );
    expect(at(0)).toBeCloseTo(1 / 11);
    expect(at(10)).toBe(1);
    expect(at(99)).toBe(1);
    expect(at(100)).toBe(0.5);
  });

  it('reaches the floor of the cosine with the last step', () => {
    const { training } = build({
      schedule: 'cosine',
      minLr: 0.01,
      steps: 100,
      warmupSteps: 20,
      lr: 1,
    });
    const at = scheduleOf(training);
    expect(at(20)).toBe(1);
    expect(at(60)).toBeCloseTo(0.505);
    expect(at(100)).toBe(0.01);
  });

  it('holds the rate after the warm-up until the last share of all steps', () => {
    const overrides = { schedule: 'wsd', minLr: 0.1, steps: 100, warmupSteps: 20, lr: 1 };
    const at = scheduleOf(build(overrides).training);
    expect([20, 50, 80].map(at)).toEqual([1, 1, 1]);
    expect(at(85)).toBeCloseTo(0.55, 12); // a quarter of the way
    expect(at(100)).toBe(0.1);
    const short = scheduleOf(build({ ...overrides, decayShare: 1 }).training);
    expect(short(20)).toBe(1);
    expect(short(40)).toBeCloseTo(0.55, 12);
  });
});
