/** The datasets that are fetched from public addresses: a browser may fetch them too. */

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

/** The default dataset. */
export const DEFAULT_DATASET = 'tiny_shakespeare';

/** By name. */
export const PUBLIC_DATASETS = {
  tiny_shakespeare: {
    kind: 'remote',
    description: 'Scenes from Shakespeare, 1.1 MB (Karpathy, char-rnn, 2015)',
    url: 'https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt',
    sha256: '86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed',
    bytes: 1_115_394,
    files: [
      'tinyshakespeare.txt',
      'tiny_shakespeare.txt',
      'tinyshakespeare/input.txt',
      'tiny_shakespeare/input.txt',
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
    files: ['names.txt', 'names/names.txt', 'makemore/names.txt'],
    generalFiles: [],
    documents: true,
  },
} satisfies Record<string, RemoteDataset>;
