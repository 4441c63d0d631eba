/** A report as one page: the Lab's own, with all that it would ask the server for inside it. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../util/errors.js';
import type { ReportData } from '../protocol.js';

const hashOf = (text: string) =>
  `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

/** So that nothing in a name or a text ends the element that it lies in. */
function inert(json: string): string {
  return json.replaceAll('<', '\\u003c');
}

/** As `inert`, for a program, in whose strings and patterns alone such a thing may stand. */
function inertProgram(code: string): string {
  return code.replace(/<(?=\/script|!--)/gi, '\\x3c');
}

function escaped(text: string): string {
  return text.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/**
 * The page, self-contained: its policy lets it load nothing and run nothing but its own program.
 *
 * @param web the folder of the built page.
 * @throws UserError where that was not built.
 */
export function reportPage(data: ReportData, web: string): string {
  let code: string;
  let style: string;
  try {
    code = inertProgram(fs.readFileSync(path.join(web, 'report.js'), 'utf8'));
    style = fs.readFileSync(path.join(web, 'app.css'), 'utf8').replaceAll('</', '<\\/');
  } catch (cause) {
    throw new UserError('the page of the Lab is not there: build it with `npm run build`.', {
      cause,
    });
  }
  const title = data.runs.map(({ row }) => row.name).join(', ');
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(code)}`,
    `style-src ${hashOf(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<div id="app"></div>
<script type="application/json" id="report">${inert(JSON.stringify(data))}</script>
<script type="module">${code}</script>
</body>
</html>
`;
}
