/** The Lab: a local page over the runs folder; and reports, the same in a file. */
export type { PictureOptions, ReportData } from './protocol.js';
export { gatherReport } from './report/gather.js';
export { reportPage } from './report/page.js';
export { drawPictures, type Picture } from './report/pictures.js';
export { type Lab, type LabOptions, startLab } from './server.js';
export { WEB } from './web-folder.js';
