/** The Lab, a local page over the runs folder; reports, the same in a file; and the playground, a page that trains in the browser. */
export { type Playground, type PlaygroundOptions, startPlayground } from './playground.js';
export { writePlayground } from './playground-files.js';
export type { PictureOptions, ReportData } from './protocol.js';
export { gatherReport } from './report/gather.js';
export { reportPage } from './report/page.js';
export { drawPictures, type Picture } from './report/pictures.js';
export { type Lab, type LabOptions, startLab } from './server.js';
export { WEB } from './web-folder.js';
