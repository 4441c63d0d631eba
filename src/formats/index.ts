/** File formats: bytes in, bytes out, with hostile files in mind. */
export {
  type HostTensor,
  restoreSafetensors,
  SafetensorsFile,
  type TensorEntry,
  type WrittenFile,
  writeSafetensors,
} from './safetensors.js';
