/** Our side of the WaveNet benchmark, as a user would write it; `bench/peers/wavenet.py` is PyTorch's. */
import { AdamW, models } from 'nanogpt';
import type { WaveNetCase } from '../wavenet.js';
import { fill, floats, type Settings, serve } from './serve.js';

await serve<WaveNetCase & Settings>(({ folder, vocab, config, lr }) => {
  const definition = models.get('wavenet')!;
  const model = definition.create(definition.schema.parse(config), vocab);
  const pool = floats(`${folder}/pool.f32`);
  [...model.namedParameters()].forEach(([name, parameter], i) => {
    fill(parameter, pool, (7919 * i) % pool.length);
    const [kernel, out, inSize] = parameter.ndim === 3 ? parameter.shape : [1, ...parameter.shape];
    const spread = Math.sqrt(6 / (kernel * (out + inSize)));
    parameter.scale_(parameter.ndim === 1 ? 0.1 : name === 'embedding.weight' ? 1 : spread);
  });
  return { model, optimizer: new AdamW(model.parameters(), { lr, weightDecay: 0.01 }) };
});
