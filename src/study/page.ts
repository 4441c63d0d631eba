/** A study's page: everything that it says of results is read from them. */
import { duration } from '../util/duration.js';
import { valuesOf } from './charts.js';
import { type AnyStudy, cellsOf, labelOf, matches } from './design.js';
import type { FinishedRun, StudyResults } from './results.js';
import { type Estimate, estimate } from './statistics.js';
import type { Levels, Reader } from './study.js';
import { type Finding, findings, verdictOf } from './verdict.js';

/** The page in Markdown. Pictures are `<name>-1.svg` and so on beside it. */
export function studyPage(study: AnyStudy, results: StudyResults): string {
  const found = findings(study, results.runs);
  const parts = [
    `# ${study.title}`,
    `**Claim.** ${study.claim}\n\n**Source.** ${study.source}`,
    `**Verdict: ${verdictOf(found)}.**${sizeNote(results)}`,
    checksTable(study, found),
    study.discussion?.(readerOf(study, results.runs, found)).trim(),
    ...(study.charts ?? []).map(({ title }, i) => `![${title}](${study.name}-${i + 1}.svg)`),
    `## All figures\n\n${cellsTable(study, results.runs)}`,
    texts(study, results.runs),
    `## How it was done\n\n${method(study, results)}`,
  ];
  return `${parts.filter((part) => part !== undefined && part !== '').join('\n\n')}\n`;
}

function sizeNote({ setting }: StudyResults): string {
  return setting === 'full' ? '' : ` (The ${setting} setting only: it decides nothing.)`;
}

function checksTable(study: AnyStudy, found: readonly Finding[]): string {
  const isCounted = found.every(({ estimate: e }) => e === null || e.interval === null);
  const head = isCounted
    ? ['| | counted | needed | verdict |', '|---|---:|---|---|']
    : [
        '| | mean | 95 % interval | needed | p | effect | verdict |',
        '|---|---:|---:|---|---:|---:|---|',
      ];
  const rows = found.map(({ says, verdict, estimate: e, p, effect, missing, aside }, i) => {
    const { holds, line, unit } = study.checks[i]!;
    const shown = (value: number) => (unit === '×' ? `${plain(value)} ×` : signed(value));
    const needed =
      typeof line === 'number'
        ? `${holds} ${plain(line)}`
        : `${plain(line[0])} to ${plain(line[1])}`;
    const first = `${says}${aside ? ' (aside)' : ''}${missing > 0 ? ` (${missing} of the seeds have no figure)` : ''}`;
    const name = unit && unit !== '×' ? `${first}, ${unit}` : first;
    const end = aside ? verdict : `**${verdict}**`;
    if (e === null)
      return `| ${name} | – | ${isCounted ? '' : '– | '}${needed} |${isCounted ? '' : ' – | – |'} ${end} |`;
    if (isCounted) return `| ${name} | ${plain(e.mean)} | ${needed} | ${end} |`;
    const interval = e.interval ? `${shown(e.interval[0])} … ${shown(e.interval[1])}` : '–';
    return `| ${name} | ${shown(e.mean)} | ${interval} | ${needed} | ${pText(p)} | ${effect === null ? '–' : signed(effect, 1)} | ${end} |`;
  });
  const test = isCounted
    ? 'Nothing in it is drawn at random: these are counts, not estimates.'
    : "Intervals and p by Student's t over the seeds, paired by seed: p is two-sided and of the mean against the line; the effect is Cohen's d, the distance from the line in standard deviations over seeds. A check holds where the whole interval lies where it must, does not where the whole interval lies beyond, and is undecided between.";
  return `${[...head, ...rows].join('\n')}\n\n${test}`;
}

/** A row for each cell, a column for each single figure. */
function cellsTable(study: AnyStudy, runs: readonly FinishedRun[]): string {
  const factors = Object.keys(study.factors);
  const isFigure = (name: string) =>
    !runs.some(({ measures }) => typeof (measures?.[name] ?? 0) !== 'number');
  const measures = Object.keys(study.measures).filter(isFigure);
  const unit = (name: string) =>
    study.measures[name]!.unit ? `, ${study.measures[name]!.unit}` : '';
  const hasFailed = runs.some((run) => run.failed !== undefined);
  const head = [
    ...factors,
    ...measures.map((name) => study.measures[name]!.says + unit(name)),
    ...(hasFailed ? ['failed'] : []),
  ];
  const rows = cellsOf(study).map((cell) => {
    const failed = runs.filter((run) => matches(run.levels, cell) && run.failed !== undefined);
    return [
      ...factors.map((factor) => String(cell[factor])),
      ...measures.map((name) => cellText(study, runs, name, cell)),
      ...(hasFailed ? [String(failed.length)] : []),
    ];
  });
  const lines = [head, head.map((_, i) => (i < factors.length ? '---' : '---:')), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What runs wrote, of the first that did in each cell. */
function texts(study: AnyStudy, runs: readonly FinishedRun[]): string {
  return Object.entries(study.measures)
    .flatMap(([name, { says }]) => {
      const written = cellsOf(study).flatMap((cell) => {
        const run = runs.find(
          ({ levels, measures }) => matches(levels, cell) && typeof measures?.[name] === 'string',
        );
        if (!run) return [];
        // Indented, whatever the text has in it cannot end the block.
        const lines = String(run.measures![name])
          .split('\n')
          .map((line) => `    ${line}`.trimEnd());
        return [`### ${labelOf(cell)}\n\n${lines.join('\n')}`];
      });
      return written.length > 0 ? [`## ${says}\n\n${written.join('\n\n')}`] : [];
    })
    .join('\n\n');
}

/** `2.528 ± 0.030`: the mean over the seeds, and half its interval. */
export function cellText(
  study: AnyStudy,
  runs: readonly FinishedRun[],
  measure: string,
  cell: Levels,
): string {
  const values = valuesOf(study, runs, measure, cell);
  if (values.length === 0) return '–';
  const { mean, interval } = estimate(values);
  const digits = study.measures[measure]!.digits ?? 3;
  const half = interval ? ` ± ${number((interval[1] - interval[0]) / 2, digits)}` : '';
  return number(mean, digits) + half;
}

function method(study: AnyStudy, results: StudyResults): string {
  const { runs, seeds, data } = results;
  const failed = runs.filter((run) => run.failed !== undefined).length;
  const factors = Object.entries(study.factors).map(
    ([factor, levels]) => `${factor} (${levels.map(String).join(', ')})`,
  );
  const scale = Object.entries(results.scale).map(
    ([key, value]) => `${key} ${JSON.stringify(value)}`,
  );
  const seedText =
    seeds === 1 ? 'one run each' : `seeds 0 to ${seeds - 1}, the same for every cell`;
  const rows = [
    `Factors: ${factors.join('; ')}. ${cellsOf(study).length} cells, ${seedText}: ${runs.length} runs, of which ${failed} failed or diverged.`,
    ...(scale.length > 0 ? [`Size: ${scale.join(', ')}.`] : []),
    `What would refute it: ${study.refuted}`,
    ...(data
      ? [`Text: ${data.name} (SHA-256 ${data.sha256.slice(0, 12)}…), tokenizer ${data.tokenizer}.`]
      : []),
    `Command: \`${results.command}\`. Runs that are finished are kept, so that a second call only writes this page.`,
    `Machine: ${results.machine}; Node ${results.node}, nanogpt ${results.nanogpt}${results.commit ? ` at ${results.commit}` : ''}, ${results.backend}. ${duration(results.seconds)} of runs, on ${results.date}.`,
    `Raw results: [${study.name}.json](${study.name}.json). The rule is in [the study itself](../../studies/${study.name}.ts).`,
  ];
  return rows.map((row) => `- ${row}`).join('\n');
}

/** For prose. */
export function readerOf(
  study: AnyStudy,
  runs: readonly FinishedRun[],
  found: readonly Finding[] = findings(study, runs),
): Reader {
  const mean = (measure: string, levels: Partial<Levels> = {}): number => {
    const values = valuesOf(study, runs, measure, levels);
    return values.length > 0 ? estimate(values).mean : NaN;
  };
  return {
    mean,
    figure: (measure, levels) =>
      number(mean(measure, levels), study.measures[measure]!.digits ?? 3),
    check: (index) => checkText(found[index]!.estimate, study.checks[index]!.unit),
    failed: runs.filter((run) => run.failed !== undefined).length,
  };
}

/** `+0.031 (+0.022 … +0.040)`, as prose has it. */
export function checkText(e: Estimate | null, unit?: string): string {
  if (e === null) return '–';
  const end = unit === '×' ? ' ×' : unit ? ` ${unit}` : '';
  const shown = (value: number) =>
    unit === '×' || e.interval === null ? plain(value) : signed(value);
  const interval = e.interval ? ` (${shown(e.interval[0])} … ${shown(e.interval[1])})` : '';
  return `${shown(e.mean)}${end}${interval}`;
}

/** With a true minus sign. */
function number(value: number, digits: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  const isOdd = size >= 1e6 || (size > 0 && size < 0.5 * 10 ** -digits);
  const text = isOdd ? value.toExponential(1) : value.toFixed(digits);
  const grouped = size >= 1e4 && size < 1e6 ? Number(text).toLocaleString('en-US') : text;
  return grouped.replaceAll('-', '−').replace('e+', 'e');
}

/** Three digits that say something. */
function plain(value: number): string {
  if (value === 0) return '0';
  const digits = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return number(Number(value.toFixed(digits)), digits)
    .replace(/(\.\d*?)0+$/, '$1')
    .replace(/\.$/, '');
}

function signed(value: number, digits?: number): string {
  const text = digits === undefined ? plain(value) : number(value, digits);
  return value > 0 ? `+${text}` : text;
}

function pText(p: number | null): string {
  if (p === null) return '–';
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}
