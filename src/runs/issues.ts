/** Words for what a schema refuses: what was expected, and what came. */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** As many as a reader takes in; a stranger's file may have thousands. */
const MOST = 4;
/** Characters of a value that are shown. */
const SHOWN = 40;

const TYPES: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
};

/** `steps: expected a whole number, got "x"; …`: every problem by its path, in one line. */
export function describeIssues({ issues }: z.ZodError, input: unknown): string {
  const lines = issues.slice(0, MOST).map((issue) => {
    const path = issue.path.join('.');
    return `${path === '' ? '' : `${path}: `}${describeIssue(issue, shown(valueAt(input, issue.path)))}`;
  });
  if (issues.length > MOST) lines.push(`and ${issues.length - MOST} more`);
  return lines.join('; ');
}

/** `expected a number of at least 1, got 0`. @param got what came, as it is to be shown. */
export function describeIssue(issue: Issue, got: string): string {
  if (issue.code === 'custom') return issue.message;
  if (issue.code === 'unrecognized_keys') return `unknown key ${issue.keys.map(shown).join(', ')}`;
  return `expected ${expectation(issue)}, got ${got}`;
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return issue.values.length === 1
        ? String(issue.values[0])
        : `one of ${issue.values.join(', ')}`;
    case 'too_small':
    case 'too_big': {
      const [bound, words] =
        issue.code === 'too_small'
          ? [issue.minimum, issue.inclusive ? 'at least' : 'more than']
          : [issue.maximum, issue.inclusive ? 'at most' : 'less than'];
      if (issue.origin === 'array') return `${words} ${bound} entries`;
      if (issue.origin === 'string') return `text of ${words} ${bound} characters`;
      return `${issue.origin === 'int' ? 'a whole number' : 'a number'} of ${words} ${bound}`;
    }
    default:
      return issue.message.replace(/^Invalid \w+: (expected )?/, '');
  }
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = Object.hasOwn(value, key) ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return value;
}

/** A value as JSON has it, not at any length; `nothing` where there is none. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value) && value.some((entry) => typeof entry === 'object')) return 'a list';
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return 'an object';
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
