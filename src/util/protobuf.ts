/** protobufjs, loaded with the first message that is read or written: few programs have one. */
import { createRequire } from 'node:module';
import type { IType, Root } from 'protobufjs';

/** The types of a format, made on the first call of what this returns. @param messages each type, by name. */
export function messageTypes(messages: Record<string, IType>): () => Root {
  let root: Root | undefined;
  return () => {
    if (root === undefined) {
      const require = createRequire(import.meta.url);
      const protobuf = require('protobufjs/light.js') as typeof import('protobufjs/light.js');
      root = protobuf.Root.fromJSON({ nested: messages });
    }
    return root;
  };
}
