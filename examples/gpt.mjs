/**
 * A GPT by hand, from tensors alone: the forward of the paper, the backward from autograd, AdamW. At the end the
 * library's own GPT is given the same weights, and has the same loss.
 *
 *     node gpt.mjs [text.txt]
 *
 * Radford et al. 2019 (GPT-2), as nanoGPT has it (github.com/karpathy/nanoGPT, model.py).
 */
import { readFileSync } from 'node:fs';
import { GPT } from 'nanogpt/models';
import { AdamW } from 'nanogpt/optim';
import * as ng from 'nanogpt/tensor';

const { arange, crossEntropy, embedding, gelu, layerNorm, linear, multinomial, noGrad } = ng;
const { manualSeed, ones, randn, scope, tensor, tril } = ng;

const file = process.argv[2];
const text = file
  ? readFileSync(file, 'utf8')
  : 'To be, or not to be, that is the question: whether ’tis nobler in the mind to suffer. '.repeat(
      40,
    );
const letters = [...new Set(text)].sort();
const ids = Array.from(text, (letter) => letters.indexOf(letter));
const V = letters.length;

const [B, T, C, heads, layers, steps] = [8, 32, 64, 4, 2, 150];
const D = C / heads;

// The parameters, named as nanoGPT names them.
manualSeed(1337);
const parameters = new Map();
const make = (name, x) => {
  parameters.set(name, x.requireGrad().retain());
  return x;
};
const weight = (name, out, inn, std = 0.02) =>
  make(`${name}.weight`, randn([out, inn]).scale_(std));
const gain = (name) => make(`${name}.weight`, ones([C]));

const wte = weight('wte', V, C);
const wpe = weight('wpe', T, C);
const residual = 0.02 / Math.sqrt(2 * layers);
const blocks = Array.from({ length: layers }, (_, i) => ({
  ln1: gain(`h.${i}.ln1`),
  attn: weight(`h.${i}.attn.cAttn`, 3 * C, C),
  attnProj: weight(`h.${i}.attn.cProj`, C, C, residual),
  ln2: gain(`h.${i}.ln2`),
  fc: weight(`h.${i}.mlp.cFc`, 4 * C, C),
  proj: weight(`h.${i}.mlp.cProj`, C, 4 * C, residual),
}));
const lnF = gain('lnF');

/** x (B, T, C) → (B, T, C): each position asks those before it. */
function attention(x, block) {
  const [b, t] = x.shape;
  const split = (part) => part.view(b, t, heads, D).transpose(1, 2); // (B, T, C) → (B, H, T, D)
  const [q, k, v] = linear(x, block.attn).split(C, 2).map(split);
  let scores = q.matmul(k.transpose(2, 3)).div(Math.sqrt(D)); // (B, H, T, T)
  scores = scores.maskedFill(tril(ones([t, t])).eq(0), -Infinity); // the future is hidden
  const y = scores.softmax(-1).matmul(v); // (B, H, T, T) × (B, H, T, D) → (B, H, T, D)
  return linear(y.transpose(1, 2).reshape(b, t, C), block.attnProj);
}

/** inputs (B, T) → logits (B, T, V). */
function forward(inputs) {
  let x = embedding(wte, inputs).add(embedding(wpe, arange(inputs.size(-1)))); // (B, T, C)
  for (const block of blocks) {
    x = x.add(attention(layerNorm(x, block.ln1), block));
    x = x.add(linear(gelu(linear(layerNorm(x, block.ln2), block.fc)), block.proj));
  }
  return linear(layerNorm(x, lnF), wte); // the head is the embedding
}

const batch = (step) => {
  const starts = Array.from(
    { length: B },
    (_, b) => (step * 7919 + b * 104_729) % (ids.length - T),
  );
  const windows = (shift) => starts.map((at) => ids.slice(at + shift, at + shift + T));
  return [windows(0), windows(1)].map((rows) => tensor(rows, 'int32')); // (B, T), and the same a token later
};
const lossOf = (step, model) =>
  scope(() => {
    const [inputs, targets] = batch(step);
    return crossEntropy(model(inputs), targets).itemSync();
  });

const optimizer = new AdamW([...parameters.values()], { lr: 3e-3, weightDecay: 0.1 });
for (let step = 0; step < steps; step++) {
  scope(() => {
    const [inputs, targets] = batch(step);
    const loss = crossEntropy(forward(inputs), targets);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    if (step % 50 === 0) console.log(`step ${step}: loss ${loss.itemSync().toFixed(4)}`);
  });
}

const library = new GPT({ blockSize: T, nLayer: layers, nHead: heads, nEmbd: C }, V);
library.loadStateDict(parameters);
const [own, its] = noGrad(() => [lossOf(steps, forward), lossOf(steps, (x) => library.forward(x))]);
console.log(`by hand ${own.toFixed(5)}, by the library ${its.toFixed(5)}`);
if (Math.abs(own - its) > 1e-5) throw new Error('the two differ');

const written = [0];
for (let i = 0; i < 80; i++) {
  scope(() => {
    const logits = noGrad(() => forward(tensor([written.slice(-T)], 'int32'))); // (1, T, V)
    written.push(multinomial(logits.at(0, -1).softmax(-1), 1).itemSync());
  });
}
console.log(written.map((id) => letters[id]).join(''));
