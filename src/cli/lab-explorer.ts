/** The process in which the Lab opens models: it imports what a run was made with, as every command does. */
import { serveExplorer } from '../lab/explorer/serve.js';
import { readRunConfig } from '../runs/index.js';
import { importRecorded } from './imports.js';

serveExplorer(async (folder) => {
  const { imports } = readRunConfig(folder);
  await importRecorded(folder, imports, () => {});
});
