/** The name that a model has in a tokenizer's folder. */
export const MODEL_FILE = 'tokenizer.model';
