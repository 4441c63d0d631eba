/**
 * A model of one's own, which the command line trains, samples and scores as it does its own:
 *
 *     npx nanogpt train log-bilinear --import ./my-model.mjs
 *     npx nanogpt sample NAME --prompt "ROMEO:"        # the run remembers the file
 *
 * The log-bilinear model (Mnih and Hinton, "Three new graphical models for statistical language modelling",
 * ICML 2007): the tokens of the window predict the embedding of the next one, each by a matrix that belongs
 * to its position; the likelier a token, the better its own embedding fits the prediction.
 */
import {
  crossEntropy,
  Embedding,
  init,
  Linear,
  linear,
  Module,
  parameter,
  registerModel,
  z,
  zeros,
} from 'nanogpt';

class LogBilinear extends Module {
  target = 'next'; // one prediction for each window

  constructor({ blockSize, nEmbd }, vocabSize) {
    super();
    this.blockSize = blockSize; // T
    this.receptiveField = blockSize;
    this.vocabSize = vocabSize; // V
    this.embedding = new Embedding(vocabSize, nEmbd, { init: (w) => init.normal(w, { std: 0.1 }) });
    this.context = new Linear(blockSize * nEmbd, nEmbd, { bias: false }); // T matrices, side by side
    this.bias = parameter(zeros([vocabSize]));
  }

  /** Token ids (B, T) to logits (B, V). */
  forward(inputs) {
    const x = this.embedding.forward(inputs).flatten(1); // (B, T) → (B, T·C)
    const predicted = this.context.forward(x); // → (B, C)
    return linear(predicted, this.embedding.weight, this.bias); // → (B, V)
  }

  /** Mean cross-entropy in nats: ids (B, T), targets (B). */
  loss(inputs, targets, options) {
    return crossEntropy(this.forward(inputs), targets, options);
  }
}

registerModel({
  name: 'log-bilinear',
  summary: 'predicts the embedding of the next token',
  source: 'Mnih and Hinton, ICML 2007',
  // Each key is one that --set takes, and `describe log-bilinear --settings` lists.
  schema: z.strictObject({
    blockSize: z.int().min(1).default(8).describe('T: tokens in the window'),
    nEmbd: z.int().min(1).default(64).describe('C: channels of an embedding'),
  }),
  presets: {
    chars: {
      summary: 'on characters, in seconds',
      model: {},
      tokenizer: 'char',
      training: { steps: 2000, batchSize: 64, lr: 0.003 },
    },
  },
  defaultPreset: 'chars',
  create: (config, vocabSize) => new LogBilinear(config, vocabSize),
});
