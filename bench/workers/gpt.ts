/** Our side of the GPT benchmark, as a user would write it; `bench/peers/gpt.py` is PyTorch's. */
import { AdamW, GPT } from 'nanogpt';
import type { GPTCase } from '../gpt.js';
import { fill, floats, type Settings, serve } from './serve.js';

await serve<GPTCase & Settings>(({ folder, vocab, lr, blockSize, nLayer, nHead, nEmbd, bias }) => {
  const model = new GPT({ blockSize, nLayer, nHead, nEmbd, bias }, vocab);
  const pool = floats(`${folder}/pool.f32`);
  for (const [i, parameter] of model.parameters().entries()) {
    if (parameter.ndim !== 2) continue; // norms and biases begin as they are
    fill(parameter, pool, (7919 * i) % pool.length);
    parameter.scale_(0.04);
  }
  return { model, optimizer: new AdamW(model.parameters(), { lr, weightDecay: 0.1 }) };
});
