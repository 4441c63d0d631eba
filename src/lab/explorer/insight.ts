/**
 * What a transformer does with a prompt: where each head looks, and what would be predicted if the model ended after
 * each of its layers (nostalgebraist 2020, "interpreting GPT: the logit lens").
 */
import { choiceOf } from '../../generate/choice.js';
import { Transformer } from '../../models/index.js';
import { instrument } from '../../nn/index.js';
import {
  noGrad,
  type OperationWatcher,
  scope,
  Tensor,
  tensor,
  watchOperations,
} from '../../tensor/index.js';
import { mapsOfCall } from '../../tensor/internal.js';
import type { OpenedRun } from '../../train/index.js';
import { UserError } from '../../util/errors.js';
import type { InsightReply } from './messages.js';
import { pieceOf, promptIds, weighed } from './sample.js';

/** Positions that are looked at: their maps fit a screen. */
const MOST_TOKENS = 128;
const TOP = 5;

/** @throws UserError for a model that has neither attention nor a stream between layers. */
export function insightOf(
  { model, tokenizer, checkpoint }: OpenedRun,
  prompt: string,
): InsightReply {
  if (!(model instanceof Transformer)) {
    throw new UserError(
      'this model has no attention and no stream from layer to layer: gpt and llama have.',
    );
  }
  const all = promptIds(tokenizer, prompt);
  const ids = all.slice(-Math.min(MOST_TOKENS, model.blockSize));
  const attention: InsightReply['attention'][number][] = [];
  const lens: InsightReply['lens'][number][] = [];
  const predict = (path: string, x: Tensor) => {
    const logits = model.logits(model.lnF.forward(x)); // (1, T, C) → (1, T, V)
    const values = logits.dataSync();
    const places = ids.map((_, t) => {
      const row = values.subarray(t * model.vocabSize, (t + 1) * model.vocabSize);
      const { entropy, alternatives } = choiceOf(row, 0, TOP);
      return { entropy, top: weighed(tokenizer, alternatives) };
    });
    lens.push({ path, places });
  };
  const blocks = new Set(model.h.map((_, i) => `h.${i}`));
  let isLooking = false; // what looks calls modules too
  const stop = instrument(model, {
    before: (path, _, [x]) => {
      if (isLooking || path !== 'h.0' || !(x instanceof Tensor)) return;
      isLooking = true;
      predict('embedding', x);
      isLooking = false;
    },
    after: (path, _, output) => {
      if (isLooking || !blocks.has(path) || !(output instanceof Tensor)) return;
      isLooking = true;
      predict(path, output);
      isLooking = false;
    },
  });
  const pass = () => model.hidden(tensor(Int32Array.from(ids), { shape: [1, ids.length] }));
  const watch: OperationWatcher = (name, _output, _phase, _node, call) => {
    if (name !== 'causalAttention' || !call) return;
    const path = `h.${attention.length}.attn`; // a block has one
    attention.push({ path, heads: nested(mapsOfCall(call, Infinity)) });
  };
  try {
    scope(() => noGrad(() => watchOperations(watch, pass)));
  } finally {
    stop();
  }
  const tokens = ids.map((id) => pieceOf(tokenizer, id));
  return { step: checkpoint.state.step, tokens, attention, lens };
}

/** (1, H, T, T) → head, query, key; to three digits, as a picture needs. */
function nested(maps: Tensor): number[][][] {
  const [, heads, T] = maps.shape as [number, number, number, number];
  const values = maps.dataSync();
  return Array.from({ length: heads }, (_, h) =>
    Array.from({ length: T }, (_, q) => {
      const from = (h * T + q) * T;
      return Array.from(
        values.subarray(from, from + q + 1),
        (value) => Math.round(value * 1000) / 1000,
      );
    }),
  );
}
