import { describe, expect, it } from 'vitest';
import {
  dataset,
  tinyDefinition as definition,
  type Tiny,
  temporaryFolder,
} from '../../test/suites/fixtures.js';
import { INITIAL_LOSS_MARGIN, initialLossWarning } from '../observe/initial-loss.js';
import { buildSettings } from '../runs/config.js';
import { apply, defaultRandom, type Operation, type Tensor } from '../tensor/index.js';
import { DivergenceError, nonFiniteState } from './anomalies.js';
import { type Session, startRun } from './session.js';

const data = dataset();

async function start(folder: string, overrides: Record<string, unknown>): Promise<Session> {
  const given = { steps: 40, evalInterval: 10, checkpointInterval: 10, ...overrides };
  return startRun(buildSettings(definition, { overrides: given }), { folder, definition, data });
}

async function divergence(session: Session): Promise<DivergenceError> {
  const error = await session.trainer.train().catch((caught) => caught);
  expect(error).toBeInstanceOf(DivergenceError);
  return error;
}

const modelOf = ({ model }: Session) => model as Tiny;

describe('a loss that is no number', () => {
  it('stops the run and names layer and operation where an infinity first came up', async () => {
    using folder = temporaryFolder();
    using session = await start(folder.path, {});
    const { hidden, output } = modelOf(session);
    session.trainer.on('step', ({ step }) => {
      // From here on the products in the output layer leave what float32 can hold.
      if (step === 15) output.weight.fill_(3e38);
    });
    const error = await divergence(session);
    expect(error.finding).toMatchObject({ kind: 'forward', layer: 'output', operation: 'linear' });
    expect(error.message).toMatch(
      /^loss became (NaN|Infinity) at step 16: first non-finite value in layer `output`, operation linear \(all that went in was finite: .*`output.weight` up to 3.00e\+38/,
    );
    expect(error.message).toMatch(/lower rate.*clipNorm=1/);
    expect(error.message).toContain('The last good checkpoint, step-000010, is kept.');
    expect(hidden.weight.grad).toBeNull();
    const { checkpoint } = session.run.openCheckpoint();
    expect(checkpoint!.state.step).toBe(10);
    expect(session.run.read('metrics').at(-1)).toMatchObject({ type: 'stop', reason: 'diverged' });
  });

  it.each([
    { at: 13, checkpointInterval: 10, kept: 'step-000010' },
    { at: 4, checkpointInterval: 1000, kept: undefined },
  ])('takes steps again to find the gradient that spoilt the parameters: %j', async (drawn) => {
    const { at, checkpointInterval, kept } = drawn;
    using folder = temporaryFolder();
    // The norm is measured in no step, so that the update of step `at` goes through unnoticed.
    const quiet = { logInterval: 1000, evalInterval: 1000, checkpointInterval };
    using session = await start(folder.path, quiet);
    spoilGradient(modelOf(session), at);
    const error = await divergence(session);
    expect(error).toMatchObject({ step: at, what: 'gradient norm', checkpoint: kept });
    expect(error.finding).toMatchObject({ kind: 'backward', layer: 'hidden', operation: 'spoil' });
    expect(error.message).toContain(
      kept ? `The last good checkpoint, ${kept}, is kept.` : 'No checkpoint was written before.',
    );
  });

  it('stops before the update where the norm is measured, as for clipping', async () => {
    using folder = temporaryFolder();
    using session = await start(folder.path, { logInterval: 1000, clipNorm: 1 });
    spoilGradient(modelOf(session), 5);
    const error = await divergence(session);
    expect(error).toMatchObject({ step: 5, what: 'gradient norm' });
    expect(error.finding).toMatchObject({ kind: 'backward', operation: 'spoil' });
    expect(nonFiniteState(session.model.stateDict())).toEqual([]);
  });

  it('never saves parameters that are no numbers, though no loss has shown it', async () => {
    using folder = temporaryFolder();
    using session = await start(folder.path, { evalInterval: 1000 });
    const { embedding } = modelOf(session);
    // The last token does not occur: its row takes part in nothing.
    const spare = embedding.weight.alias([1], embedding.weight.numel - 1);
    session.trainer.on('step', ({ step }) => void (step === 19 && spare.fill_(Number.NaN)));
    const error = await divergence(session);
    expect(error.message).toMatch(
      /parameters became NaN at step 20: parameter `embedding.weight` holds it/,
    );
    expect(session.run.checkpoints.list().map(({ name }) => name)).toEqual(['step-000010']);
  });
});

/** Puts an operation behind the hidden layer whose gradient is infinite in step `at`, when taken again too. */
function spoilGradient({ hidden }: Tiny, at: number): void {
  let calls = 0;
  let place = -1; // in the random stream: the same when the step is taken again
  let broken = false;
  const spoil: Operation<readonly [Tensor], null> = {
    name: 'spoil',
    forward(_, [x]) {
      calls++;
      const { position } = defaultRandom.state();
      if (calls === at) place = position;
      broken = position === place;
      return x.clone();
    },
    backward: (_, dy) => [broken ? dy.clone().fill_(Number.POSITIVE_INFINITY) : dy],
  };
  const forward = hidden.forward.bind(hidden);
  hidden.forward = (x) => apply(spoil, [forward(x)], null);
}

describe('the first loss', () => {
  it('is compared with that of a guess', () => {
    const guess = Math.log(65);
    expect(initialLossWarning(guess, 65)).toBeUndefined();
    expect(initialLossWarning(guess + INITIAL_LOSS_MARGIN - 0.01, 65)).toBeUndefined();
    expect(initialLossWarning(Number.NaN, 65)).toBeUndefined();
    expect(() => initialLossWarning(false as never, 65)).toThrow(
      /expected loss to be a number, got false/,
    );
    expect(() => initialLossWarning(3, null as never)).toThrow(
      /expected vocabSize to be a whole number/,
    );
    expect(initialLossWarning(27, 27)).toMatch(/first loss is 27.00.* ln 27 = 3.30/);
  });

  it('gives a warning once, at the first step, when the weights are far too large', async () => {
    for (const [outputStd, expected] of [
      [1, 0],
      [40, 1],
    ] as const) {
      using folder = temporaryFolder();
      using session = await start(folder.path, { outputStd, steps: 3 });
      const lines: string[] = [];
      session.trainer.on('warning', (line) => void lines.push(line));
      await session.trainer.train();
      expect(lines.filter((line) => line.includes('the first loss is'))).toHaveLength(expected);
    }
  });
});
