/** protobufjs's reader and writer, loaded with the first message that is read or written: few programs have one. */
import { createRequire } from 'node:module';

type Wire = typeof import('protobufjs/minimal.js');
let loaded: Wire | undefined;

export function wire(): Wire {
  loaded ??= createRequire(import.meta.url)('protobufjs/minimal.js') as Wire;
  return loaded;
}
