/** An inspection as one page that needs nothing else: no script, no font, no address. */

import type { Inspection } from './inspect.js';

const STYLE = `
  :root { color-scheme: light dark; --a: #cfe3ff; --b: #ffe2c2; --line: #8886; }
  @media (prefers-color-scheme: dark) { :root { --a: #1d3f6b; --b: #6b431d; } }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; margin: 1rem 0; }
  th, td { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: left; }
  td.n { text-align: right; font-variant-numeric: tabular-nums; }
  .pieces { white-space: pre-wrap; font-family: ui-monospace, monospace; line-height: 1.9; }
  .pieces span { padding: .15rem 0; border-radius: .2rem; }
  .pieces span:nth-child(odd) { background: var(--a); }
  .pieces span:nth-child(even) { background: var(--b); }
  code { font-family: ui-monospace, monospace; }
`;

/** @param of what the numbers were counted on. */
export function inspectionPage(inspections: readonly Inspection[], of: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tokenizers on ${escapeHtml(of)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Tokenizers on ${escapeHtml(of)}</h1>
${numbers(inspections)}
${inspections.map(section).join('\n')}
</body>
</html>
`;
}

function numbers(inspections: readonly Inspection[]): string {
  const rows: [string, (i: Inspection) => string][] = [
    ['tokens in the vocabulary', (i) => count(i.vocabSize)],
    ['tokens in the text', (i) => count(i.tokens)],
    ['bytes per token', (i) => i.bytesPerToken.toFixed(2)],
    ['tokens per word', (i) => i.tokensPerWord.toFixed(2)],
    ['tokens for 3 words', (i) => (i.tokensPerWord * 3).toFixed(1)],
    ['never used in training', (i) => `${(i.unusedShare * 100).toFixed(1)} %`],
    ['comes back unchanged', (i) => (i.isLossless ? 'yes' : 'no')],
  ];
  const head = inspections.map((i) => `<th>${escapeHtml(i.name)}</th>`).join('');
  const body = rows.map(
    ([label, value]) =>
      `<tr><td>${label}</td>${inspections.map((i) => `<td class="n">${value(i)}</td>`).join('')}</tr>`,
  );
  return `<table><thead><tr><th></th>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>`;
}

function section(inspection: Inspection): string {
  const { name, sample, longest, word } = inspection;
  const spans = sample.map(
    ({ id, text }) => `<span title="${id}">${escapeHtml(visible(text))}</span>`,
  );
  const long = longest.map(({ text }) => `<code>${escapeHtml(text.replaceAll(' ', '␣'))}</code>`);
  const steps = word.steps.map(
    ({ left, right, rank }) =>
      `<tr><td class="n">${count(rank)}</td><td><code>${escapeHtml(left)}</code> + ` +
      `<code>${escapeHtml(right)}</code></td></tr>`,
  );
  const merges =
    steps.length === 0
      ? ''
      : `<table><thead><tr><th>learnt as</th><th>merge</th></tr></thead><tbody>\n${steps.join('\n')}\n</tbody></table>`;
  const tokens = word.tokens.map((token) => `<span>${escapeHtml(visible(token))}</span>`);
  return `<section>
<h2>${escapeHtml(name)}</h2>
<p class="pieces">${spans.join('')}</p>
<h3>Longest tokens</h3>
<p>${long.join(', ')}</p>
<h3>${escapeHtml(word.text)}</h3>
<p class="pieces">${tokens.join('')}</p>
${merges}
</section>`;
}

/** A line end is shown, and ends the line. */
function visible(text: string): string {
  return text.replaceAll('\n', '⏎\n').replace(/^<0x0A>$/, '⏎\n');
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}

function escapeHtml(text: string): string {
  return text.replace(
    /[&<>"]/g,
    (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!,
  );
}
