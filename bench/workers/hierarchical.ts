/** Our side of the hierarchical benchmark, as a user would write it; `bench/peers/hierarchical.py` is PyTorch's. */
import { models, SGD } from 'nanogpt';
import type { HierarchicalCase } from '../hierarchical.js';
import { floats, type Settings, serve } from './serve.js';

await serve<HierarchicalCase & Settings>(({ blockSize, nEmbd, nHidden, vocab, folder, lr }) => {
  const definition = models.get('hierarchical')!;
  const model = definition.create(definition.schema.parse({ blockSize, nEmbd, nHidden }), vocab);
  for (const [name, parameter] of model.namedParameters()) {
    parameter.copy_(floats(`${folder}/${name}.f32`));
  }
  return { model, optimizer: new SGD(model.parameters(), { lr }) };
});
