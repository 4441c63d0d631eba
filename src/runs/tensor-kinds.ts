/** In what order tensors are written, and what a pattern may name. */
export const TENSOR_KINDS = ['activation', 'gradient', 'weight', 'update'] as const;
export type TensorKind = (typeof TENSOR_KINDS)[number];
