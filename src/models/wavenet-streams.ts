/** WaveNet's decoding: each convolution remembers its past, so that a token costs one position of each layer. */
import {
  BatchNorm1d,
  type Conv1d,
  type Conv1dStream,
  type Layer,
  type Linear,
} from '../nn/index.js';
import { scope, type Tensor, tensor } from '../tensor/index.js';

/** The convolutions' memories while a text is written. */
export interface Streams {
  readonly initial: Conv1dStream;
  readonly blocks: readonly Conv1dStream[];
}

/** What decoding asks of the model. */
interface Convolutions {
  readonly vocabSize: number;
  readonly receptiveField: number;
  readonly initial: Conv1d;
  readonly blocks: readonly { readonly dilated: Conv1d; readonly norm: Layer | null }[];
  readonly output: Linear;
}

/**
 * "Fast WaveNet generation algorithm", Le Paine et al. 2016. Gives what `forward` would for all that was
 * fed; beyond `blockSize`, too, as far as the receptive field reaches.
 *
 * @param features one id (1), and the memories, to what the output layer sees (1, S).
 * @returns undefined where a BatchNorm is set to the statistics of the batch at hand, which single
 *   positions do not have.
 */
export function decodeByStreams(
  model: Convolutions,
  features: (inputs: Tensor, streams: Streams) => Tensor,
) {
  const { initial, blocks, output, vocabSize, receptiveField } = model;
  if (blocks.some(({ norm }) => norm instanceof BatchNorm1d && norm.inference === 'batch')) {
    return undefined;
  }
  const streams: Streams = {
    initial: initial.startStream(),
    blocks: blocks.map(({ dilated }) => dilated.startStream()),
  };
  let isFresh = true;
  return {
    feed: (ids: Int32Array): Tensor => {
      // Of a prompt, what lies beyond the receptive field changes nothing.
      const seen = isFresh ? ids.subarray(-receptiveField) : ids;
      isFresh = false;
      for (const id of seen.subarray(0, -1)) {
        scope(() => void features(tensor(Int32Array.of(id)), streams));
      }
      const last = features(tensor(seen.slice(-1)), streams); // (1) → (1, S)
      return output.forward(last).alias([vocabSize]); // (1, V) → (V)
    },
    [Symbol.dispose]: () => {
      for (const stream of [streams.initial, ...streams.blocks]) stream[Symbol.dispose]();
    },
  };
}
