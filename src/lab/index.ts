/** The Lab, a local page over the runs folder; and the playground, a page that trains in the browser. */
export { type Playground, type PlaygroundOptions, startPlayground } from './playground.js';
export { writePlayground } from './playground-files.js';
export { type Lab, type LabOptions, startLab } from './server.js';
