/** A `config.json` of somebody else's: keys read one by one, each checked, and none passed over in silence. */
import { describeValue } from '../util/describe.js';
import { UserError } from '../util/errors.js';

/** Sizes beyond which nothing is a model; a stranger's file may say anything. */
const MOST = 1 << 24;
export const MOST_LAYERS = 10_000;

/** Keys that say nothing of what a model computes, of any family. */
const HARMLESS = new Set([
  '_attn_implementation',
  '_name_or_path',
  'architectures',
  'attention_dropout',
  'attn_implementation',
  'attn_pdrop',
  'bos_token_id',
  'chunk_size_feed_forward',
  'dtype',
  'embd_pdrop',
  'eos_token_id',
  'id2label',
  'initializer_range',
  'label2id',
  'max_length',
  'model_type',
  'output_attentions',
  'output_hidden_states',
  'pad_token_id',
  'pretraining_tp',
  'resid_pdrop',
  'return_dict',
  'summary_activation',
  'summary_first_dropout',
  'summary_proj_to_labels',
  'summary_type',
  'summary_use_proj',
  'task_specific_params',
  'torch_dtype',
  'transformers.js_config',
  'transformers_version',
  'use_cache',
]);

export class Keys {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();

  /** @param file how errors call it. @throws UserError where `json` is no object. */
  constructor(
    readonly file: string,
    json: unknown,
  ) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new UserError(`${file}: expected an object, got ${describeValue(json)}.`);
    }
    this.#values = json as Record<string, unknown>;
  }

  /** The value, which is then accounted for; undefined where there is none, or null. */
  get(key: string): unknown {
    this.#asked.add(key);
    return (Object.hasOwn(this.#values, key) ? this.#values[key] : undefined) ?? undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** A whole number from 1 to `most`. @throws UserError where it is another, or missing without a fallback. */
  whole(key: string, fallback?: number, most = MOST): number {
    const value = this.get(key) ?? fallback;
    if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= most) {
      return value as number;
    }
    throw this.refusal(key, `a whole number from 1 to ${most}`);
  }

  /** A number above 0. */
  positive(key: string, fallback?: number): number {
    const value = this.get(key) ?? fallback;
    if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
    throw this.refusal(key, 'a number above 0');
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.get(key) ?? fallback;
    if (typeof value === 'boolean') return value;
    throw this.refusal(key, 'true or false');
  }

  text(key: string, fallback?: string): string {
    const value = this.get(key) ?? fallback;
    if (typeof value === 'string') return value;
    throw this.refusal(key, 'text');
  }

  /** A list; undefined where there is none. */
  list(key: string): unknown[] | undefined {
    const value = this.get(key);
    if (value === undefined || Array.isArray(value)) return value;
    throw this.refusal(key, 'a list');
  }

  /** The keys of a value that is an object itself; undefined where there is none. */
  inner(key: string): Keys | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : new Keys(`${this.file}: ${key}`, value);
  }

  /** @throws UserError unless the key has this value, or none. */
  only(key: string, value: unknown, why: string): void {
    const found = this.get(key) ?? value;
    if (found === value) return;
    throw new UserError(`${this.file}: ${key}=${JSON.stringify(found)} is not understood: ${why}.`);
  }

  refusal(key: string, expected: string): UserError {
    return new UserError(
      `${this.file}: ${key}: expected ${expected}, got ${describeValue(this.get(key))}.`,
    );
  }

  /** Keys that nobody asked for and that are not off: what the model means by them is not known. */
  unread(): string[] {
    return Object.entries(this.#values)
      .filter(([key, value]) => !this.#asked.has(key) && !HARMLESS.has(key) && isOn(value))
      .map(([key]) => key);
  }
}

function isOn(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return Boolean(value);
}
