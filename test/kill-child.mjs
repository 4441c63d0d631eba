/**
 * One sitting of a run, in a process of its own so that it can be killed: begins the run, or goes on
 * with it. Arguments: the compiled package, the run's folder, the text, and settings as key=value.
 */
import fs from 'node:fs';
import path from 'node:path';

const [compiled, folder, data, ...pairs] = process.argv.slice(2);
const load = (part) => import(path.join(compiled, part, 'index.js'));
const { buildSettings, parseOverrides } = await load('runs');
const { modelDefinition, resumeRun, startRun } = await load('train');

const definition = modelDefinition('mlp');
const overrides = { ...parseOverrides(definition, pairs), data, tokenizer: 'char' };
const session = fs.existsSync(folder)
  ? await resumeRun(folder)
  : await startRun(buildSettings(definition, { preset: 'chars', overrides }), {
      folder: path.dirname(folder),
      name: path.basename(folder),
    });
process.stdout.write(`ready ${session.trainer.step}\n`);
const { step } = await session.trainer.train();
session[Symbol.dispose]();
process.stdout.write(`done ${step}\n`);
