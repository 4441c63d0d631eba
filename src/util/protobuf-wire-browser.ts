/** Stands in for `protobuf-wire.ts` in a browser, where the tokenizers that need it are loaded on demand as it is. */
import protobuf from 'protobufjs/minimal.js';

export function wire(): typeof protobuf {
  return protobuf;
}
