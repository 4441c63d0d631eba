/** A model as the tree of its modules, with what each gives back. */
import type { LanguageModel } from '../../models/index.js';
import { instrument, type Module } from '../../nn/index.js';
import { noGrad, scope, Tensor, tensor } from '../../tensor/index.js';
import type { TreeNode } from './messages.js';

/** Modules in a tree that is drawn. */
const MOST_NODES = 5000;

export function treeOf(model: LanguageModel): TreeNode {
  const outputs = outputShapes(model);
  const modules = [...model.namedModules()].slice(0, MOST_NODES);
  const tensors = model.namedParametersAndBuffers();
  const saved = new Map([...model.stateDict()].map(([path, one]) => [one, path]));
  const paths = new Set(modules.map(([path]) => path));
  const parentOf = (path: string): string => {
    for (let end = path.lastIndexOf('.'); end >= 0; end = path.lastIndexOf('.', end - 1)) {
      if (paths.has(path.slice(0, end))) return path.slice(0, end);
    }
    return '';
  };
  const own = new Map<string, TreeNode['tensors'][number][]>();
  for (const [path, one] of tensors) {
    const parent = parentOf(path);
    const name = parent === '' ? path : path.slice(parent.length + 1);
    const owner = saved.get(one);
    const note = owner !== path ? `= ${owner}` : one.requiresGrad ? '' : 'not trained';
    own.set(parent, [...(own.get(parent) ?? []), { name, shape: [...one.shape], note }]);
  }
  const build = (path: string, module: Module): TreeNode => ({
    path,
    kind: module.constructor.name,
    parameters: module.parameterCount(),
    tensors: own.get(path) ?? [],
    output: outputs.get(path) ?? null,
    children: modules
      .filter(([other]) => other !== '' && other !== path && parentOf(other) === path)
      .map(([other, part]) => build(other, part)),
  });
  return build('', model);
}

/** Sends one window through, and notes the shape of what each module gives back. */
function outputShapes(model: LanguageModel): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  const stop = instrument(model, {
    after: (path, _, output) => {
      if (output instanceof Tensor) shapes.set(path, [...output.shape]);
    },
  });
  try {
    scope(() =>
      noGrad(() =>
        model.forward(tensor(new Int32Array(model.blockSize), { shape: [1, model.blockSize] })),
      ),
    );
  } finally {
    stop();
  }
  return shapes;
}
