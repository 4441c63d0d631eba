/**
 * Names that `--help` shows. They are written down here so that help need not load what they name; a
 * test compares them with the registries.
 */
export const MODEL_NAMES = ['bigram', 'mlp', 'hierarchical', 'wavenet', 'gpt', 'llama'] as const;
export const DATASET_NAMES = ['tiny_shakespeare', 'names', 'moby_dick'] as const;
