/**
 * makemore by hand, in plain tensors: counts, an MLP by autograd, and the same step by a backward of our own.
 *
 *     node makemore.mjs [names.txt]
 *
 * After Karpathy, "Neural Networks: Zero to Hero", parts 2 to 5 (2022).
 */
import { readFileSync } from 'node:fs';
import {
  embedding,
  manualSeed,
  multinomial,
  nllLoss,
  oneHot,
  randn,
  scope,
  tensor,
  zeros,
} from 'nanogpt/tensor';

const SOME =
  'emma olivia ava isabella sophia charlotte mia amelia harper evelyn abigail emily ella elizabeth camila luna sofia avery mila aria scarlett penelope layla chloe victoria madison eleanor grace nora riley';
const file = process.argv[2];
const names = (file ? readFileSync(file, 'utf8') : SOME).split(/\s+/).filter(Boolean);

const letters = ['.', ...new Set(names.join(''))].sort(); // '.' begins and ends a name
const id = Object.fromEntries(letters.map((letter, i) => [letter, i]));
const V = letters.length;

// ── 1. The bigram, counted ──────────────────────────────────────────────────────────────────────────────

const pairs = names.flatMap((name) => [...`.${name}`].map((a, i) => [id[a], id[`${name}.`[i]]]));
const counts = zeros([V, V]);
for (const [a, b] of pairs) counts.setAt_(counts.at(a, b).itemSync() + 1, a, b);
const smoothed = counts.add(1);
const P = smoothed.div(smoothed.sum(1, { keepdim: true })); // (V, V), each row sums to 1

let nll = 0;
for (const [a, b] of pairs) nll -= Math.log(P.at(a, b).itemSync());
console.log(`bigram, counted: ${(nll / pairs.length).toFixed(4)} nats`);

manualSeed(2147483647);
for (let i = 0; i < 3; i++) {
  let name = '';
  for (let at = 0; ; ) {
    at = multinomial(P.at(at), 1).itemSync();
    if (at === 0) break;
    name += letters[at];
  }
  console.log(`  ${name}`);
}

// ── 2. The MLP, by autograd ─────────────────────────────────────────────────────────────────────────────

const T = 3; // letters that are seen
const C = 10;
const H = 64;
const windows = [];
const nexts = [];
for (const name of names) {
  let window = Array(T).fill(0);
  for (const letter of `${name}.`) {
    windows.push(window);
    nexts.push(id[letter]);
    window = [...window.slice(1), id[letter]];
  }
}
const X = tensor(windows, { dtype: 'int32' }); // (N, T)
const Y = tensor(nexts, { dtype: 'int32' }); // (N)

const E = randn([V, C]); // embeddings
const W1 = randn([T * C, H]).mul(5 / 3 / Math.sqrt(T * C));
const b1 = zeros([H]);
const W2 = randn([H, V]).mul(0.1);
const b2 = zeros([V]);
const parameters = [E, W1, b1, W2, b2].map((p) => p.requireGrad());

function forward(x, y) {
  const e = embedding(E, x).flatten(1); // (B, T) → (B, T·C)
  const h = e.matmul(W1).add(b1).tanh(); // → (B, H)
  const logits = h.matmul(W2).add(b2); // → (B, V)
  return { e, h, logits, loss: nllLoss(logits.logSoftmax(-1), y) };
}

const B = 32;
for (let step = 0; step <= 500; step++) {
  // Whatever is made in a scope is freed at its end.
  scope(() => {
    const from = (step * B) % (X.size(0) - B);
    const { loss } = forward(X.narrow(0, from, B), Y.narrow(0, from, B));
    for (const p of parameters) p.zeroGrad();
    loss.backward();
    for (const p of parameters) p.copy_(p.detach().sub(p.grad.mul(0.1)));
    if (step % 250 === 0) console.log(`MLP, step ${step}: ${loss.itemSync().toFixed(4)} nats`);
  });
}

// ── 3. The same gradients, by hand ──────────────────────────────────────────────────────────────────────

const [x, y] = [X.narrow(0, 0, B), Y.narrow(0, 0, B)];
for (const p of parameters) p.zeroGrad();
const { e, h, logits, loss } = forward(x, y);
loss.backward();

const dlogits = logits.detach().softmax(-1).sub(oneHot(y, V)).div(B); // (B, V)
const dW2 = h.detach().t().matmul(dlogits);
const db2 = dlogits.sum(0);
const dh = dlogits.matmul(W2.detach().t());
const dpre = dh.mul(h.detach().square().neg().add(1)); // tanh' = 1 − tanh²
const dW1 = e.detach().t().matmul(dpre);
const db1 = dpre.sum(0);
const de = dpre.matmul(W1.detach().t()).reshape(B * T, C);
const dE = oneHot(x.reshape(B * T), V)
  .float()
  .t()
  .matmul(de); // each token's row gathers what its places got

const byHand = { E: dE, W1: dW1, b1: db1, W2: dW2, b2: db2 };
for (const [i, [name, gradient]] of Object.entries(byHand).entries()) {
  const apart = gradient.sub(parameters[i].grad).abs().amax().itemSync();
  console.log(`d${name}`.padEnd(4), apart < 1e-5 ? 'agrees with autograd' : `is off by ${apart}`);
}
