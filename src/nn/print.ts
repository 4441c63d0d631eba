/** A module as text: the tree of its parts, with the shapes and numbers of their parameters. */
import type { Tensor } from '../tensor/index.js';
import { formatShape } from '../util/shape.js';
import type { Module } from './module.js';
import { roleOf } from './parameter.js';

interface Row {
  /** `layers.0`, indented by how deep it lies. */
  readonly name: string;
  readonly kind: string;
  readonly count: string;
  readonly tensors: string;
}

/**
 * ```
 * Mlp, 11,627 parameters
 *   hidden  Linear  6,200  weight (200, 30), bias (200)
 *   output  Linear  5,427  weight (27, 200), bias (27)
 * ```
 *
 * Of a weight that two parts share, one names the path under which the other is saved (`weight = embedding.weight`); what gets
 * no gradient is `frozen`, what was freed says so.
 */
export function formatModule(root: Module): string {
  const owners = new Map([...root.stateDict()].map(([path, tensor]) => [tensor, path]));
  const rows: Row[] = [];
  const modules = root.namedModules();
  const all = root.namedParametersAndBuffers();
  for (const [path, module] of modules) {
    const tensors: string[] = [];
    for (const [key, tensor] of ownTensors(path, modules, all)) {
      tensors.push(describe(key, path === '' ? key : `${path}.${key}`, tensor, owners));
    }
    const count = module.parameterCount();
    rows.push({
      name: `${'  '.repeat(depthOf(path, modules))}${nameOf(path, modules)}`,
      kind: module.constructor.name,
      count: count === 0 ? '' : count.toLocaleString('en-US'),
      tensors: tensors.join(', '),
    });
  }
  const [{ kind, count, tensors }, ...parts] = rows;
  const head = `${kind}, ${count || 'no'} parameters${tensors && `: ${tensors}`}`;
  const widthOf = (key: keyof Row) => Math.max(0, ...parts.map((row) => row[key].length));
  const [nameWidth, kindWidth, countWidth] = [widthOf('name'), widthOf('kind'), widthOf('count')];
  const lines = parts.map((row) =>
    [
      row.name.padEnd(nameWidth),
      row.kind.padEnd(kindWidth),
      row.count.padStart(countWidth),
      row.tensors,
    ]
      .join('  ')
      .trimEnd(),
  );
  return [head, ...lines].join('\n');
}

/** The longest path of another module that this one lies under; '' for the root's own parts. */
function parentOf(path: string, modules: ReadonlyMap<string, Module>): string {
  let end = path.lastIndexOf('.');
  while (end >= 0) {
    const parent = path.slice(0, end);
    if (modules.has(parent)) return parent;
    end = path.lastIndexOf('.', end - 1);
  }
  return '';
}

function nameOf(path: string, modules: ReadonlyMap<string, Module>): string {
  const parent = parentOf(path, modules);
  return parent === '' ? path : path.slice(parent.length + 1);
}

function depthOf(path: string, modules: ReadonlyMap<string, Module>): number {
  if (path === '') return 0;
  const parent = parentOf(path, modules);
  return parent === '' ? 1 : 1 + depthOf(parent, modules);
}

/** What belongs to the module at `path` itself, and to none of its parts: by its name within the module. */
function ownTensors(
  path: string,
  modules: ReadonlyMap<string, Module>,
  all: ReadonlyMap<string, Tensor>,
): [string, Tensor][] {
  return [...all]
    .filter(([full]) => parentOf(full, modules) === path)
    .map(([full, tensor]) => [path === '' ? full : full.slice(path.length + 1), tensor]);
}

function describe(
  key: string,
  full: string,
  tensor: Tensor,
  owners: ReadonlyMap<Tensor, string>,
): string {
  const owner = owners.get(tensor);
  if (owner !== full) return `${key} = ${owner}`;
  const notes = [
    ...(roleOf(tensor) === 'buffer' ? ['buffer'] : tensor.requiresGrad ? [] : ['frozen']),
    ...(tensor.storage.isFreed ? ['freed'] : []),
  ];
  return `${key} ${formatShape(tensor.shape)}${notes.map((note) => ` ${note}`).join('')}`;
}
