/** Loading a model's state: everything is checked before anything is copied. */
import type { Tensor } from '../tensor/index.js';
import { checkTensorMap } from '../tensor/internal.js';
import { checkOptions } from '../util/check.js';
import { UserError } from '../util/errors.js';
import { formatShape, sameShape } from '../util/shape.js';

/** For `Module.loadStateDict`. */
export interface LoadOptions {
  /** Whether a missing or unexpected key is an error. Default true. */
  strict?: boolean;
}

/** What a load that is not strict passed over. */
export interface LoadResult {
  /** Keys of the model that the state does not have: these kept their values. */
  readonly missing: string[];
  /** Keys of the state that the model does not have. */
  readonly unexpected: string[];
}

/** Copies values into `target`, from another backend too. */
export function copyInto(target: Tensor, source: Tensor): void {
  if (source.backend === target.backend) target.copy_(source);
  else target.copy_(source.dataSync());
}

/** As `Module.loadStateDict`. `aliases` gives further keys of tied tensors, and the key in `own` of each. */
export function loadStateDict(
  own: ReadonlyMap<string, Tensor>,
  aliases: ReadonlyMap<string, string>,
  state: ReadonlyMap<string, Tensor>,
  options: LoadOptions,
): LoadResult {
  checkTensorMap('loadStateDict', state);
  const { strict = true } = checkOptions('loadStateDict', options, ['strict']);
  const sources = new Map<string, Tensor>();
  const unexpected: string[] = [];
  const misfits: string[] = [];
  for (const [key, source] of state) {
    const name = own.has(key) ? key : aliases.get(key);
    if (name === undefined) {
      unexpected.push(key);
      continue;
    }
    const problem = misfit(own.get(name)!, source, sources.get(name), name);
    if (problem) misfits.push(`${key} (${problem})`);
    sources.set(name, source);
  }
  const missing = [...own.keys()].filter((key) => !sources.has(key));
  const problems: [string, string[]][] = [['not fitting', misfits]];
  if (strict) problems.unshift(['missing', missing], ['unexpected', unexpected]);
  const lines = problems
    .filter(([, keys]) => keys.length > 0)
    .map(([what, keys]) => `  ${what}: ${keys.join(', ')}`);
  if (lines.length > 0) {
    throw new UserError(
      `loadStateDict: the state does not fit the model; nothing was loaded\n${lines.join('\n')}`,
    );
  }
  for (const [name, source] of sources) copyInto(own.get(name)!, source);
  return { missing, unexpected };
}

/** Why a tensor cannot be loaded, or null. `tied` is what another key of the same parameter brought. */
function misfit(
  target: Tensor,
  source: Tensor,
  tied: Tensor | undefined,
  name: string,
): string | null {
  if (!sameShape(source.shape, target.shape) || source.dtype !== target.dtype) {
    return `expected ${describe(target)}, got ${describe(source)}`;
  }
  if (tied && !sameValues(tied, source)) {
    return `tied to ${name} in this model, but its values differ from those given for the other`;
  }
  return null;
}

function describe({ dtype, shape }: Tensor): string {
  return `${dtype} ${formatShape(shape)}`;
}

function sameValues(a: Tensor, b: Tensor): boolean {
  if (a.storage === b.storage && a.offset === b.offset) return true;
  const others = b.dataSync();
  return a.numel === b.numel && a.dataSync().every((value, i) => Object.is(value, others[i]));
}
