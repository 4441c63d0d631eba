/** The Lab: a local page over the runs folder. */
export { type Lab, type LabOptions, startLab } from './server.js';
