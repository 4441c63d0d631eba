/**
 * Tensors and gradients: node tensors.mjs
 */
import { manualSeed, randn, tensor } from 'nanogpt';
import { SGD } from 'nanogpt/optim';

// A tensor is an array of numbers with a shape. It prints its values.
const a = tensor([
  [1, 2, 3],
  [4, 5, 6],
]);
console.log(a);
console.log('second row ', a.at(1).toArraySync());
console.log('sums of columns ', a.sum(0).toArraySync());
console.log('a aᵀ ', a.matmul(a.t()).toArraySync());

// Shapes broadcast: (2, 3) and (3) add up row by row.
console.log('a − its mean row ', a.sub(a.mean(0)).toArraySync());

// What is computed from a tensor that wants a gradient is recorded; backward() walks the record back.
const x = tensor([1, 2, 3]).requireGrad();
const y = x.square().mul(2).sum(); // y = 2 Σ x²
y.backward();
console.log('dy/dx = 4x: ', x.grad.toArraySync());

// The gradient is the slope: compare with a small difference.
const f = (value) => Math.tanh(value) * value;
const at = tensor([0.7]).requireGrad();
at.tanh().mul(at).sum().backward();
const h = 1e-4;
console.log(
  'slope ',
  at.grad.itemSync().toFixed(4),
  ' by differences ',
  ((f(0.7 + h) - f(0.7 - h)) / (2 * h)).toFixed(4),
);

// Descending it: find the line under noisy points.
manualSeed(1);
const xs = randn([100, 1]);
const ys = xs
  .mul(3)
  .sub(1)
  .add(randn([100, 1]).mul(0.1)); // y = 3x − 1, and noise
const w = tensor([[0]]).requireGrad();
const b = tensor([0]).requireGrad();
const optimizer = new SGD([w, b], { lr: 0.1 });
for (let step = 0; step < 100; step++) {
  const loss = xs.matmul(w).add(b).sub(ys).square().mean();
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
}
console.log(`the line: ${w.itemSync().toFixed(2)} x + ${b.itemSync().toFixed(2)}`);
