/**
 * Which of OpenAI's encodings each of its models uses.
 *
 * Source: tiktoken, `tiktoken/model.py`.
 */

/** Models by their names, and below, by what their names begin with. */
const MODELS: Readonly<Record<string, readonly string[]>> = {
  o200k_base: ['o1', 'o3', 'o4-mini', 'gpt-5', 'gpt-4.1', 'gpt-4o'],
  cl100k_base: [
    'gpt-4',
    'gpt-3.5-turbo',
    'gpt-3.5',
    'gpt-35-turbo',
    'davinci-002',
    'babbage-002',
    'text-embedding-ada-002',
    'text-embedding-3-small',
    'text-embedding-3-large',
  ],
  p50k_base: [
    'text-davinci-003',
    'text-davinci-002',
    'code-davinci-002',
    'code-davinci-001',
    'code-cushman-002',
    'code-cushman-001',
    'davinci-codex',
    'cushman-codex',
  ],
  p50k_edit: ['text-davinci-edit-001', 'code-davinci-edit-001'],
  r50k_base: [
    'text-davinci-001',
    'text-curie-001',
    'text-babbage-001',
    'text-ada-001',
    'davinci',
    'curie',
    'babbage',
    'ada',
  ],
  gpt2: ['gpt-2'],
};
/** The first that fits decides: the longer stand before the shorter. */
const BEGINNINGS: readonly [string, string][] = [
  ['o1-', 'o200k_base'],
  ['o3-', 'o200k_base'],
  ['o4-mini-', 'o200k_base'],
  ['gpt-5-', 'o200k_base'],
  ['gpt-4.5-', 'o200k_base'],
  ['gpt-4.1-', 'o200k_base'],
  ['chatgpt-4o-', 'o200k_base'],
  ['gpt-4o-', 'o200k_base'],
  ['gpt-4-', 'cl100k_base'],
  ['gpt-3.5-turbo-', 'cl100k_base'],
  ['gpt-35-turbo-', 'cl100k_base'],
  ['gpt-oss-', 'o200k_harmony'],
  ['ft:gpt-4o', 'o200k_base'],
  ['ft:gpt-4', 'cl100k_base'],
  ['ft:gpt-3.5-turbo', 'cl100k_base'],
  ['ft:davinci-002', 'cl100k_base'],
  ['ft:babbage-002', 'cl100k_base'],
];

/** The encoding of a model (`gpt-4o`, `gpt-4o-2024-08-06`); undefined where no model has that name. */
export function encodingOfModel(model: string): string | undefined {
  for (const [encoding, names] of Object.entries(MODELS)) {
    if (names.includes(model)) return encoding;
  }
  return BEGINNINGS.find(([beginning]) => model.startsWith(beginning))?.[1];
}
