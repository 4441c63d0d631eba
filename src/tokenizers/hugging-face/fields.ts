/** Reads one object of a `tokenizer.json` field by field: what nobody asked for is refused, not ignored. */

import { UserError } from '../../util/errors.js';

export class Fields {
  /** Where it stands in the file: `normalizer`, `decoder.decoders[1]`. */
  readonly where: string;
  private readonly json: Record<string, unknown>;
  private readonly rest: Set<string>;

  /** @throws UserError unless `json` is an object. */
  constructor(json: unknown, where: string) {
    this.where = where;
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new UserError(`${where}: expected an object, got ${short(json)}`);
    }
    this.json = json as Record<string, unknown>;
    this.rest = new Set(Object.keys(json));
  }

  /** The field as it stands; undefined where it is missing or null. */
  take(key: string): unknown {
    this.rest.delete(key);
    return Object.hasOwn(this.json, key) ? (this.json[key] ?? undefined) : undefined;
  }

  /** These fields change neither ids nor text. */
  ignore(...keys: string[]): void {
    for (const key of keys) this.rest.delete(key);
  }

  flag(key: string, missing?: boolean): boolean {
    return this.typed<boolean>(key, 'boolean', 'true or false', missing);
  }

  text(key: string, missing?: string): string {
    return this.typed<string>(key, 'string', 'a string', missing);
  }

  /** A string, or undefined where there is none. */
  optionalText(key: string): string | undefined {
    const value = this.take(key);
    return value === undefined ? undefined : this.checked<string>(key, value, 'string', 'a string');
  }

  /** A string of one character. */
  character(key: string, missing?: string): string {
    const text = this.text(key, missing);
    return [...text].length === 1 ? text : this.refuse(key, 'one character', text);
  }

  /** A whole number from 0 on. */
  count(key: string, missing?: number): number {
    const value = this.typed<number>(key, 'number', 'a whole number', missing);
    return Number.isSafeInteger(value) && value >= 0
      ? value
      : this.refuse(key, 'a whole number from 0 on', value);
  }

  choice<T extends string>(key: string, choices: readonly T[], missing?: T): T {
    const text = this.text(key, missing);
    const found = choices.find((choice) => choice === text);
    return found ?? this.refuse(key, `one of ${choices.join(', ')}`, text);
  }

  list(key: string): unknown[] {
    const value = this.take(key);
    return Array.isArray(value) ? value : this.refuse(key, 'a list', value);
  }

  /** @throws UserError where a field was left over. */
  end(): void {
    const [unknown] = this.rest;
    if (unknown !== undefined) {
      throw new UserError(`${this.where}: the field ${JSON.stringify(unknown)} is not supported`);
    }
  }

  /** @throws UserError always: the field is not what was expected. */
  refuse(key: string, expected: string, got: unknown): never {
    throw new UserError(`${this.where}.${key}: expected ${expected}, got ${short(got)}`);
  }

  private typed<T>(key: string, type: string, expected: string, missing: T | undefined): T {
    const value = this.take(key) ?? missing;
    return this.checked<T>(key, value, type, expected);
  }

  private checked<T>(key: string, value: unknown, type: string, expected: string): T {
    return typeof value === type ? (value as T) : this.refuse(key, expected, value);
  }
}

/** A value as an error message shows it. */
export function short(value: unknown): string {
  const text = value === undefined ? 'nothing' : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** What a component's `type` makes of its other fields. */
export type Makers<T> = Readonly<Record<string, (fields: Fields) => T>>;

/** What the component at `where` makes; @throws UserError for a type that is not among `makers`. */
export function make<T>(json: unknown, where: string, makers: Makers<T>): T {
  const fields = new Fields(json, where);
  const type = fields.text('type');
  if (!Object.hasOwn(makers, type)) {
    throw new UserError(
      `${where}: the type ${short(type)} is not supported; ${Object.keys(makers).join(', ')} are`,
    );
  }
  const made = makers[type]!(fields);
  fields.end();
  return made;
}

/** The members of a `Sequence`, under `key`. */
export function makeEach<T>(fields: Fields, key: string, makers: Makers<T>): T[] {
  return fields.list(key).map((json, i) => make(json, `${fields.where}.${key}[${i}]`, makers));
}
