/** The same expressions as in goldens/tensor.py, against what PyTorch made of them. */
import {
  concat,
  crossEntropy,
  embedding,
  full,
  gelu,
  leakyRelu,
  linear,
  linearCrossEntropy,
  logSoftmax,
  type Tensor,
  tensor,
} from '../src/tensor/index.js';
import { type Expressions, goldenCases } from './golden-cases.js';

function causalMask(size: number): Tensor {
  const values = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_, j) => (j > i ? -1e9 : 0)),
  );
  return tensor(values);
}

const EXPRESSIONS: Expressions = {
  micrograd(a, b) {
    let c = a.add(b);
    let d = a.mul(b).add(b.mul(b).mul(b));
    c = c.add(c).add(1);
    c = c.add(1).add(c).add(a.neg());
    d = d.add(d.mul(2)).add(b.add(a).relu());
    d = d.add(d.mul(3)).add(b.sub(a).relu());
    const e = c.sub(d);
    const f = e.mul(e);
    return f.div(2).add(full([3], 10).div(f.add(1)));
  },
  attention(q, k, v) {
    const scores = q.matmul(k.transpose(-2, -1)).div(Math.sqrt(3)); // (B, T, T)
    return scores.add(causalMask(4)).softmax().matmul(v); // (B, T, C)
  },
  layerNorm(x, g, b) {
    const centred = x.sub(x.mean(-1, true));
    const variance = x.var(-1, { keepdim: true, correction: 0 });
    return centred.div(variance.add(1e-5).sqrt()).mul(g).add(b);
  },
  batchNorm: (x) =>
    x.sub(x.mean([0, 1], true)).div(x.var([0, 1], { keepdim: true }).add(1e-3).sqrt()),
  mlp(emb, w1, w2, b2, ids, targets) {
    const h = leakyRelu(linear(embedding(emb, ids).flatten(1), w1)); // (B, T, C) → (B, T·C) → (B, H)
    return linearCrossEntropy(h, w2, b2, targets, { maxLogits: 20 });
  },
  tied(emb, ids, targets) {
    let x = embedding(emb, ids); // (B, T, C)
    x = x.gelu().add(x.silu().mul(x.sigmoid()));
    const options = { labelSmoothing: 0.1, ignoreIndex: 2 };
    return crossEntropy(linear(x, emb), targets, options);
  },
  wavenetPair(x, w) {
    const y = linear(x.reshape(2, 2, 6), w); // (B, T, C) → (B, T/2, 2·C) → (B, T/2, 8)
    return y
      .narrow(-1, 0, 4)
      .tanh()
      .mul(y.narrow(-1, 4, 4).sigmoid());
  },
  logSoftmaxOverTime: (x) => logSoftmax(x, 1).exp().mul(x),
  amaxWithTies: (x) => x.amax(1).mul(x.amax()),
  geluTanh: (x) => gelu(x, 'tanh').abs().sqrt(),
  permuteConcat: (x, y) =>
    concat([x.permute(2, 0, 1), y], 2)
      .square()
      .narrow(0, 1, 2),
};

goldenCases('tensor.json', EXPRESSIONS);
