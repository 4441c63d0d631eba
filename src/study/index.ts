/** Studies: claims as experiments, with seeds, intervals and verdicts. */
export { picturesOfStudy } from './charts.js';
export { type ConductOptions, conduct, type StudyProgress } from './conduct.js';
export { type AnyStudy, cellsOf, type PlannedRun, plan } from './design.js';
export { type FoundStudy, findStudy, studyNames } from './find.js';
export { fillNotes, type StudiedStudy } from './notes.js';
export { studyPage } from './page.js';
export type { ChartPoint, ChartSeries, DrawStudy, StudyPicture } from './picture.js';
export {
  type FinishedRun,
  readResults,
  resultsFile,
  type StudyResults,
  writeResults,
} from './results.js';
export { chiSquareTest, type Estimate, estimate, tTest } from './statistics.js';
export {
  type Cells,
  type Chart,
  type Check,
  defineStudy,
  type Level,
  type Levels,
  type MeasureInfo,
  type Measures,
  type Reader,
  type RunContext,
  SETTINGS,
  type Setting,
  type Study,
} from './study.js';
export { type Finding, findings, judge, VERDICTS, type Verdict, verdictOf } from './verdict.js';
export { writeStudy } from './write.js';
