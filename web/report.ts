/** A report: the page with all that it would ask for inside it. */
import type { ReportData } from '../src/lab/protocol.js';
import { matchesTensor } from '../src/runs/probe-pattern.js';
import { ApiProblem, answerFrom } from './api.js';
import { seriesOf } from './report-series.js';
import { chosen, loaded, report, rows } from './state.js';

/** What `nanogpt report` put into the page; nothing in the Lab's own. */
export function reportInPage(): ReportData | undefined {
  const text = document.getElementById('report')?.textContent;
  return text ? (JSON.parse(text) as ReportData) : undefined;
}

/** Shows a report. */
export function openReport(data: ReportData): void {
  const runs = new Map(data.runs.map((run) => [run.row.name, run]));
  report.value = data;
  rows.value = new Map(data.runs.map(({ row }) => [row.name, row]));
  chosen.value = [...runs.keys()];
  loaded.value = true;
  answerFrom((path, query) => {
    if (path === '/api/series') return seriesOf(runs, query);
    const run = runs.get(query.get('name') ?? '');
    if (path === '/api/inside' && run?.inside) return run.inside;
    if (path === '/api/run' && run) return { samples: run.samples };
    if (path === '/api/explore/yardsticks' && run?.yardsticks) return run.yardsticks;
    if (path === '/api/tensors' && run) {
      const pattern = query.get('pattern') ?? '*';
      const found = run.tensors.filter((one) => matchesTensor([pattern], one.kind, one.path));
      return { matches: found.length, tensors: found.slice(0, 8) };
    }
    throw new ApiProblem('the report does not hold this.');
  });
}
