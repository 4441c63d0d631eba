/** An inspection as one page that needs nothing else: no script, no font, no address. */

import { type Inspection, ruleOfThumb, shortToken } from './inspect.js';

const STYLE = `
  :root { color-scheme: light dark; --a: #cfe3ff; --b: #ffe2c2; --line: #8886; }
  @media (prefers-color-scheme: dark) { :root { --a: #1d3f6b; --b: #6b431d; } }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 90rem; margin: 2rem auto; padding: 0 1.5rem; }
  .side { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 0 3rem; }
  section { min-width: 0; }
  h2 { border-bottom: 2px solid var(--line); }
  h3 { margin: 1.25rem 0 .25rem; font-size: 1rem; overflow-wrap: anywhere; }
  ul { display: flex; flex-wrap: wrap; gap: .35rem; padding: 0; margin: .5rem 0; list-style: none; }
  li { padding: 0 .4rem; border: 1px solid var(--line); border-radius: .25rem; overflow-wrap: anywhere; }
  .merges { columns: 11rem; padding: 0; margin: .5rem 0; display: block; }
  .merges li { border: 0; padding: 0; break-inside: avoid; }
  .merges b { display: inline-block; min-width: 4rem; margin-right: .6rem; text-align: right; font-weight: normal;
    opacity: .65; font-variant-numeric: tabular-nums; }
  table { border-collapse: collapse; margin: 1rem 0; }
  th, td { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: left; }
  th + th, td.n { text-align: right; font-variant-numeric: tabular-nums; }
  .pieces { white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, monospace; line-height: 1.9; }
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
<div class="side">
${inspections.map(section).join('\n')}
</div>
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
  const long = longest.map(
    ({ text, characters }) =>
      `<li title="${characters} characters"><code>${escapeHtml(shortToken(text))}</code></li>`,
  );
  const steps = word.steps.map(
    ({ left, right, rank }) =>
      `<li><b>${count(rank)}</b><code>${escapeHtml(left)}</code> + ` +
      `<code>${escapeHtml(right)}</code></li>`,
  );
  const merges =
    steps.length === 0
      ? ''
      : `<p>Merges that led there, by when each was learnt:</p>\n<ul class="merges">\n${steps.join('\n')}\n</ul>`;
  const tokens = word.tokens.map((token) => `<span>${escapeHtml(visible(token))}</span>`);
  return `<section>
<h2>${escapeHtml(name)}</h2>
<p>${ruleOfThumb(inspection)}</p>
<p class="pieces">${spans.join('')}</p>
<h3>Longest tokens</h3>
<ul>${long.join('')}</ul>
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
