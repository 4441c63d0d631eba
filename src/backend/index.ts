/** Backends, and which one is used. */
export {
  type AttentionSize,
  type Backend,
  type BinaryOp,
  type Collected,
  type DType,
  type GatedOp,
  type HeadSteps,
  type IntegerOp,
  type IntegerReduceOp,
  type MatmulOptions,
  type MatmulSize,
  type MemoryReport,
  matmulSize,
  type ParameterUpdate,
  type RandomKey,
  type ReduceOp,
  type UnaryOp,
} from './backend.js';
export { backendNotice, defaultBackend } from './choice.js';
export { NativeBackend } from './native.js';
export { type ForeignFunction, type ForeignLibrary, openForeign } from './native-foreign.js';
export { loadNative, nativeProblem } from './native-load.js';
export { ReferenceBackend } from './reference.js';
export { WasmBackend } from './wasm.js';
export { hasRelaxedSimd } from './wasm-library.js';
export { loadWasm, wasmProblem } from './wasm-load.js';
