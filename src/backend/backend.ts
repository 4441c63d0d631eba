/**
 * What a backend can do: one list of kernels, flat memory in, flat memory out, by family in interface/.
 *
 * A kernel knows nothing of tensors, gradients or scopes. It gets pointers `P` into its backend's
 * memory and sizes, positionally, so that a call allocates nothing. Shapes were checked by the
 * operation that calls it. Everything is contiguous and row-major unless a stride says otherwise;
 * strides and leading dimensions count elements.
 *
 * Two implementations: `ReferenceBackend` (plain TypeScript to be read, and the oracle of the tests)
 * and `NativeBackend` (C kernels). What is computed is said in interface/ once and holds for both. Methods
 * are declared in method form so that `Backend<number>` may stand where `Backend<unknown>` is asked for.
 */
import type { AttentionKernels, GatedKernels, RotaryKernels } from './interface/attention.js';
import type { ElementwiseKernels, MoveKernels } from './interface/elementwise.js';
import type { MatmulKernels } from './interface/matmul.js';
import type { Memory } from './interface/memory.js';
import type { NormKernels } from './interface/norm.js';
import type { OptimizerKernels } from './interface/optim.js';
import type { RandomKernels } from './interface/random.js';
import type { ReduceKernels } from './interface/reduce.js';
import type { EmbeddingKernels, SelectKernels } from './interface/select.js';
import type { SoftmaxKernels } from './interface/softmax.js';
import type { StatisticsKernels } from './interface/statistics.js';

export type { AttentionSize, HeadSteps } from './interface/attention.js';
export { type MatmulOptions, type MatmulSize, matmulSize } from './interface/matmul.js';
export type { Collected, MemoryReport } from './interface/memory.js';
export type { ParameterUpdate } from './interface/optim.js';
export type { RandomKey } from './interface/random.js';
export type {
  BinaryOp,
  DType,
  GatedOp,
  IntegerOp,
  IntegerReduceOp,
  ReduceOp,
  UnaryOp,
} from './operations.js';

export interface Backend<P = unknown>
  extends Memory<P>,
    RandomKernels<P>,
    MatmulKernels<P>,
    ElementwiseKernels<P>,
    MoveKernels<P>,
    ReduceKernels<P>,
    StatisticsKernels<P>,
    SelectKernels<P>,
    SoftmaxKernels<P>,
    AttentionKernels<P>,
    RotaryKernels<P>,
    GatedKernels<P>,
    NormKernels<P>,
    EmbeddingKernels<P>,
    OptimizerKernels<P> {
  readonly name: string;
}
