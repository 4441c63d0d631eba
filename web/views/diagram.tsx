/** The architecture, drawn from the tree of modules: boxes within boxes, in the order of the model; equal neighbours once. */

import { signal } from '@preact/signals';
import type { TreeNode } from '../../src/lab/explorer/messages.js';
import { short } from '../format.js';
import { Scroll } from '../parts/bits.js';

/** Paths of boxes that were opened or closed by hand. */
const turned = signal<ReadonlySet<string>>(new Set());

/** What makes two parts equal to a reader. */
function shapeOf(node: TreeNode): string {
  return JSON.stringify([
    node.kind,
    node.output,
    node.tensors.map(({ name, shape }) => [name, shape]),
    node.children.map(shapeOf),
  ]);
}

/** Equal neighbours together. */
function groups(nodes: readonly TreeNode[]): TreeNode[][] {
  const result: TreeNode[][] = [];
  let before = '';
  for (const node of nodes) {
    const shape = shapeOf(node);
    if (shape === before && node.children.length > 0) result.at(-1)!.push(node);
    else result.push([node]);
    before = shape;
  }
  return result;
}

const times = (shape: readonly number[]) => shape.join(' × ');

export function Diagram({ root }: { root: TreeNode }) {
  return (
    <Scroll label="the model’s parts">
      <div class="diagram body">
        <Parts nodes={root.children} parent={root.path} depth={0} />
        {root.tensors.map((tensor) => (
          <TensorLine key={tensor.name} tensor={tensor} />
        ))}
      </div>
    </Scroll>
  );
}

interface PartsProps {
  readonly nodes: readonly TreeNode[];
  readonly parent: string;
  /** Of boxes around them. */
  readonly depth: number;
}

function Parts({ nodes, parent, depth }: PartsProps) {
  return (
    <>
      {groups(nodes).map((group) => (
        <Box key={group[0]!.path} group={group} parent={parent} depth={depth} />
      ))}
    </>
  );
}

function TensorLine({ tensor }: { tensor: TreeNode['tensors'][number] }) {
  return (
    <span class="tensor">
      <span class="mono">{tensor.name}</span> {times(tensor.shape)}{' '}
      <span class="faint">{tensor.note}</span>
    </span>
  );
}

type BoxProps = Omit<PartsProps, 'nodes'> & { readonly group: readonly TreeNode[] };

function Box({ group, parent, depth }: BoxProps) {
  const [node] = group as [TreeNode];
  const last = group.at(-1)!;
  const isOpen = node.children.length > 0 && !turned.value.has(node.path);
  const own = (path: string) => (parent === '' ? path : path.slice(parent.length + 1));
  const name = group.length > 1 ? `${own(node.path)} … ${own(last.path)}` : own(node.path);
  const total = group.reduce((sum, { parameters }) => sum + parameters, 0);
  const turn = () => {
    const next = new Set(turned.value);
    if (!next.delete(node.path)) next.add(node.path);
    turned.value = next;
  };
  return (
    <div class={`box ${node.children.length > 0 ? 'outer' : ''} ${total === 0 ? 'bare' : ''}`}>
      {/* What stands beside the name is in one column at every depth. */}
      <div class="box-head" style={{ '--depth': depth }}>
        {node.children.length > 0 ? (
          <button type="button" class="plain" aria-expanded={isOpen} onClick={turn}>
            {isOpen ? '▾' : '▸'}
            <span class="sr">{name}</span>
          </button>
        ) : null}
        <b class="mono">{name}</b>
        <span class="faint">{node.kind}</span>
        {group.length > 1 && <span class="times">× {group.length}</span>}
        <span class="grow" />
        {total > 0 && <span class="count">{short(total)}</span>}
      </div>
      {node.tensors.map((tensor) => (
        <TensorLine key={tensor.name} tensor={tensor} />
      ))}
      {isOpen && (
        <div class="inner-boxes">
          <Parts nodes={node.children} parent={node.path} depth={depth + 1} />
        </div>
      )}
      {node.output && <span class="output">→ {times(node.output)}</span>}
    </div>
  );
}
