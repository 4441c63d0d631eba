/**
 * llama.cpp's next-token distribution, by node-llama-cpp, in a process of its own: it ends the process where it
 * does not like a file.
 *
 *     node llama-cpp-peer.mjs FOLDER FILE IDS [TEXT]
 *
 * FOLDER is where node-llama-cpp is installed. Prints JSON: the probabilities by id after each of the ids, and the
 * ids that TEXT becomes.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, file, ids, text = ''] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(folder), 'x.js'));
const { getLlama } = await import(pathToFileURL(require.resolve('node-llama-cpp')).href);
const llama = await getLlama({
  gpu: false,
  build: 'never',
  skipDownload: true,
  progressLogs: false,
});
const model = await llama.loadModel({ modelPath: file });
const context = await model.createContext({ contextSize: 64 });
const sequence = context.getSequence();
const steps = await sequence.controlledEvaluate(
  JSON.parse(ids).map((id) => [id, { generateNext: { probabilities: true } }]),
);
const probabilities = steps.map(({ next }) => Object.fromEntries(next.probabilities));
console.log(`\n${JSON.stringify({ probabilities, tokens: model.tokenize(text) })}`);
await llama.dispose();
