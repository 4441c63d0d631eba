/** docs/pytorch.md, made from what the code exports and says of itself. */
import { readdirSync, readFileSync } from 'node:fs';
import * as ours from '../src/tensor/index.js';
import { ABSENT, RENAMED, SECTIONS } from './pytorch-names.js';

const folder = new URL('../src/tensor/', import.meta.url);

/** Files whose names are not what the package exports. */
const INTERNAL = new Set(['strided.ts', 'gradient.ts', 'scope.ts']);

/** Every docstring's first sentence, by what it stands before: `name` for a function, `.name` for a member. */
function docstrings(): Map<string, string> {
  const found = new Map<string, string>();
  const files = ['', 'ops/'].flatMap((sub) =>
    readdirSync(new URL(sub, folder))
      .filter((name) => /^[\w-]+\.ts$/.test(name) && !INTERNAL.has(name))
      .map((name) => sub + name),
  );
  for (const file of files) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    // No `*/` within: the comment that ends right before the declaration.
    for (const [, comment, exported, member] of text.matchAll(
      /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:export (?:const|function) (\w+)|(?:get |async )?(\w+)\()/g,
    )) {
      const plain = comment
        .replace(/^\s*\* ?/gm, '')
        .replace(/\s+/g, ' ')
        .trim();
      const sentence = /^.*?[.:](?= [A-Z`@0-9]|$)/.exec(plain)?.[0] ?? plain;
      const name = exported ?? `.${member}`;
      if (!found.has(name)) found.set(name, sentence.replaceAll('|', '\\|').replace(/:$/, '.'));
    }
  }
  return found;
}

const camelCase = (name: string) =>
  name.replace(/(?<=\w)_(\w)/g, (_, c: string) => c.toUpperCase());
const isFunction = (name: string) => typeof (ours as Record<string, unknown>)[name] === 'function';
const isMember = (name: string) => name in ours.Tensor.prototype || MEMBERS.has(name);
/** Members that instances have and the prototype has not. */
const MEMBERS = new Set(['numel']);

/** What serves for a PyTorch name: functions, and methods with their dot. */
export function namesFor(name: string): string[] {
  if (RENAMED[name]) return [...RENAMED[name]];
  const own = camelCase(name);
  return [...(isFunction(own) ? [own] : []), ...(isMember(own) ? [`.${own}`] : [])];
}

/** Exported operations that no PyTorch name leads to. */
function onlyHere(): string[] {
  const known = new Set(Object.values(SECTIONS).flatMap((names) => names.flatMap(namesFor)));
  const aside = new Set(
    Object.keys(ours).filter((name) => /^[A-Z]/.test(name) || MACHINERY.has(name)),
  );
  return Object.keys(ours)
    .filter((name) => isFunction(name) && !known.has(name) && !aside.has(name))
    .sort();
}

/** What is exported and no operation. */
const MACHINERY = new Set([
  ...[
    'apply',
    'readsNone',
    'readsOther',
    'watchOperations',
    'isGradEnabled',
    'scope',
    'currentScope',
  ],
  ...['currentBackend', 'useBackend', 'withBackend', 'copyOf', 'indicesOf', 'product', 'make'],
  ...['expectListed', 'markListed', 'unlistedWithGradient'],
]);

function row(name: string, docs: Map<string, string>): string {
  const names = namesFor(name);
  const shown = names.map((each) => (each.startsWith('.') ? `\`x${each}\`` : `\`${each}\``));
  const says = names.map((each) => docs.get(each) ?? docs.get(each.replace('.', '')));
  return `| \`${name}\` | ${shown.join(', ')} | ${says.find((text) => text !== undefined) ?? ''} |`;
}

/** The whole document. */
export function pytorchTable(): string {
  const docs = docstrings();
  const lines = [
    '# PyTorch’s names, and ours',
    '',
    'Names are PyTorch’s in camelCase, functions and methods alike; `dim` and `keepdim` mean the same, and negative',
    'dimensions count from the end. Sizes and dimensions come as a list or one after another. What PyTorch takes by',
    'keyword comes in an options object at the end. This table is made from the code: after a change,',
    '`npx vitest run test/pytorch-table.test.ts -u`.',
    '',
    'Numbers are float32, ids int32, masks bool (which prints as true and false, and reads as 1 and 0). int32 with',
    'int32 stays int32; with float32, or divided, it becomes float32. Shapes broadcast as in NumPy.',
    '',
    ...atTable(),
  ];
  for (const [section, names] of Object.entries(SECTIONS)) {
    const here = names.filter((name) => !(name in ABSENT));
    lines.push('', `## ${section}`, '', '| PyTorch | here | |', '|---|---|---|');
    lines.push(...here.map((name) => row(name, docs)));
  }
  lines.push('', '## Left out', '', 'So that there is one way to do a thing.', '');
  lines.push('| PyTorch | instead, or why |', '|---|---|');
  lines.push(...Object.entries(ABSENT).map(([name, why]) => `| \`${name}\` | ${why} |`));
  lines.push('', '## Only here', '', '| | |', '|---|---|');
  lines.push(...onlyHere().map((name) => `| \`${name}\` | ${docs.get(name) ?? ''} |`));
  return `${lines.join('\n')}\n`;
}

/** The table of indexing, which stands above the code in ops/at.ts. */
function atTable(): string[] {
  const text = readFileSync(new URL('ops/at.ts', folder), 'utf8');
  const comment = text.slice(text.indexOf('`x.at(…)`'), text.indexOf('*/'));
  const lines = comment.trimEnd().split('\n');
  return ['## Indexing', '', ...lines.map((line) => line.replace(/^ \* ?/, ''))];
}
