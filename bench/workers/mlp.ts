/** Our side of the MLP benchmark, as a user would write it; `bench/peers/mlp.py` is PyTorch's. */
import { AdamW, models, SGD } from 'nanogpt';
import type { MlpCase } from '../mlp.js';
import { floats, type Settings, serve } from './serve.js';

await serve<MlpCase & Settings>((settings) => {
  const { blockSize, nEmbd, nHidden, hiddenBias, activation, lr } = settings;
  const definition = models.get('mlp')!;
  const config = definition.schema.parse({ blockSize, nEmbd, nHidden, hiddenBias, activation });
  const model = definition.create(config, settings.vocab);
  for (const [name, parameter] of model.namedParameters()) {
    parameter.copy_(floats(`${settings.folder}/${name.replace('hidden.0.linear', 'hidden')}.f32`));
  }
  const optimizer =
    settings.optimizer === 'sgd'
      ? new SGD(model.parameters(), { lr })
      : new AdamW(model.parameters(), { lr, weightDecay: 0.01 });
  return { model, optimizer };
});
