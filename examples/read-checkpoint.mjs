/**
 * Reading a trained run: what is in it, and what its model makes of a text.
 *
 *     node read-checkpoint.mjs runs/NAME [my-model.mjs]
 *
 * The checkpoint itself is a file of the safetensors format, which other programs read as well.
 */
import { pathToFileURL } from 'node:url';
import { SafetensorsFile } from 'nanogpt/formats';
import { generate } from 'nanogpt/generate';
import { noGrad, tensor } from 'nanogpt/tensor';
import { openRun } from 'nanogpt/train';

const [folder, file] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node read-checkpoint.mjs runs/NAME [my-model.mjs]');
  process.exit(2);
}
if (file) await import(pathToFileURL(file)); // the model of a run may be one's own

const { run, model, tokenizer, checkpoint } = await openRun(folder);
console.log(
  `${run.name}, ${checkpoint.name}: ${run.config.model}, ${model.parameterCount()} parameters`,
);
console.log(model);

// Without the model: names, shapes and numbers.
const source = new SafetensorsFile(checkpoint.modelFile);
for (const [name, { dtype, shape }] of source.tensors)
  console.log(name.padEnd(20), dtype, shape.join(' × '));
source[Symbol.dispose]();

// What the model expects after its own data's first token, repeated.
const window = Array(model.blockSize).fill(0);
const logits = noGrad(() => model.forward(tensor([window], { dtype: 'int32' }))).reshape(
  -1,
  model.vocabSize,
);
const { values, indices } = logits.at(-1).softmax(-1).topk(3);
indices.toArraySync().forEach((id, i) => {
  console.log(
    JSON.stringify(tokenizer.tokenToString(id)).padEnd(8),
    values.at(i).itemSync().toFixed(3),
  );
});

console.log(tokenizer.decode(generate(model, Uint32Array.of(0), { maxTokens: 60, seed: 1 })));
