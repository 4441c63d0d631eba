/** Notes whose verdicts and figures are read from studies' results. */
import { UserError } from '../util/errors.js';
import type { AnyStudy } from './design.js';
import { cellText, checkText, readerOf } from './page.js';
import type { StudyResults } from './results.js';
import type { Levels } from './study.js';
import { findings, verdictOf } from './verdict.js';

/** A study with what it found, where it has run. */
export interface StudiedStudy {
  readonly study: AnyStudy;
  readonly results: StudyResults | undefined;
}

/**
 * Fills in a template of notes:
 *
 * - `{verdict NAME}`: the verdict, as a link to the page of the study; `{verdict NAME 2}` that of its check, from 0;
 * - `{check NAME 0}`: a check's mean with its interval;
 * - `{figure NAME MEASURE factor=level …}`: a mean over the seeds;
 * - `{cell NAME MEASURE factor=level …}`: the same with its interval, as the study's table has it.
 *
 * @param folder of the studies' pages, as the notes link to it.
 * @throws UserError for a name or a figure that is not there.
 */
export function fillNotes(
  template: string,
  studied: ReadonlyMap<string, StudiedStudy>,
  folder: string,
): string {
  return template.replace(
    /\{(verdict|check|figure|cell) ([^{}]+)\}/g,
    (all, kind, rest: string) => {
      const [head, ...pairs] = rest.split(/ (?=\w+=)/); // a level may have spaces
      const [name, ...args] = head!.split(' ');
      const found = studied.get(name!);
      if (!found) throw new UserError(`notes: ${all} names no study`);
      const { study, results } = found;
      const link = (text: string) => `[${text}](${folder}/${name}.md)`;
      if (!results) return kind === 'verdict' ? 'not run yet' : '–';
      if (kind === 'figure' || kind === 'cell') {
        const levels = levelsOf(study, args, pairs, all);
        if (kind === 'cell') return cellText(study, results.runs, args[0]!, levels);
        return readerOf(study, results.runs).figure(args[0]!, levels);
      }
      const judged = findings(study, results.runs);
      const index = args[0] === undefined ? undefined : Number(args[0]);
      if (index !== undefined && !judged[index])
        throw new UserError(`notes: ${all} names no check`);
      if (kind === 'check') return checkText(judged[index!]!.estimate, study.checks[index!]!.unit);
      return link(index === undefined ? verdictOf(judged) : judged[index]!.verdict);
    },
  );
}

/** @throws UserError for a measure or a level that the study does not have. */
function levelsOf(
  study: AnyStudy,
  [measure]: readonly string[],
  pairs: readonly string[],
  all: string,
): Levels {
  if (measure === undefined || !Object.hasOwn(study.measures, measure)) {
    throw new UserError(`notes: ${all} names no measure of ${study.name}`);
  }
  const levels = pairs.map((pair) => {
    const [factor, text] = pair.split('=');
    const level = study.factors[factor!]?.find((each) => String(each) === text);
    if (level === undefined) throw new UserError(`notes: ${all}: ${pair} is no level`);
    return [factor!, level] as const;
  });
  return Object.fromEntries(levels);
}
