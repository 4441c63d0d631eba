/**
 * The library's interface, read from the headers, so that nobody keeps it a second time by hand:
 * every function that JavaScript can call, with its types, and every enumeration. From it come
 * src/backend/kernel-interface.ts and the interface's number, which the library and that file share.
 *
 * What a parameter's C type says of the argument:
 *
 *     float *, int32_t *, uint32_t *   an address in our memory, as a number
 *     the same after OPTIONAL          such an address, or null
 *     double *, void *, struct … *     a typed array of the host
 *     const char *                     a string
 *     bool                             a boolean
 *     int, int64_t, float, double      a number
 *
 * A function with any other type is for C alone and is left out.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const HEADERS = ['kernels.h', 'matmul.h', 'parallel.h'];

/**
 * @typedef {object} Parameter
 * @property {string} name in camelCase
 * @property {string} type the type that the foreign-function interface is told
 * @property {string} accepts the TypeScript type
 * @property {string} declared the type in C, without const
 */
/** @typedef {{ name: string, result: Parameter, parameters: Parameter[] }} KernelFunction */
/** @typedef {{ name: string, members: string[] }} Enumeration */
/** @typedef {{ functions: KernelFunction[], enumerations: Enumeration[], number: number }} Interface */

/** @param {string} name `gelu_tanh` or `GELU_TANH` */
const camelCase = (name) =>
  name.toLowerCase().replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/**
 * Types as the foreign-function interface and TypeScript have them. An address passes as an int64_t:
 * it is below 2^53, and handing on a number is what costs least. Only a pointer may be null.
 * @param {string} declaration `const float *OPTIONAL bias`
 * @returns {Parameter | undefined} undefined when JavaScript has nothing to give for it
 */
function parameter(declaration) {
  const match = /^(.*?)(\w+)$/.exec(declaration.trim());
  if (!match) return undefined;
  const name = camelCase(match[2]);
  const type = match[1]
    .replace(/\bconst\b/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  const declared = type.replace(' *OPTIONAL', ' *');
  if (/^(float|int32_t|uint32_t) \*$/.test(type)) {
    return { name, type: 'int64_t', accepts: 'number', declared };
  }
  if (/^(float|int32_t|uint32_t) \*OPTIONAL$/.test(type)) {
    return { name, type: 'void *', accepts: 'number | null', declared };
  }
  if (/^(double|void|struct \w+) \*$/.test(type)) {
    return { name, type: 'void *', accepts: 'HostArray', declared };
  }
  if (type === 'char *') return { name, type: 'const char *', accepts: 'string', declared };
  if (type === 'bool') return { name, type, accepts: 'boolean', declared };
  if (/^(int|int64_t|uint32_t|float|double)$/.test(type)) {
    return { name, type, accepts: 'number', declared };
  }
  return undefined;
}

/** @param {string} type @param {string} name @returns {Parameter | undefined} */
function resultOf(type, name) {
  if (type === 'void') return { name, type, accepts: 'void', declared: type };
  // Memory of the library's own is of no use to JavaScript; a string is copied.
  if (type.includes('*') && type !== 'const char *') return undefined;
  return parameter(`${type} ${name}`);
}

/** @returns {Interface} */
export function readInterface() {
  const functions = [];
  const enumerations = [];
  for (const header of HEADERS) {
    const text = readFileSync(new URL(header, import.meta.url), 'utf8')
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/^#.*$/gm, '');
    for (const [, name, members] of text.matchAll(/\benum (\w+) \{([^}]*)\}/g)) {
      const list = members.split(',').map((member) => member.trim());
      enumerations.push({ name, members: list.filter((member) => member !== '') });
    }
    const plain = text
      .replace(/\b(struct|enum) \w+ \{[^}]*\};/g, '')
      .replace(/\btypedef\b[^;]*;/g, '');
    for (const [, type, name, list] of plain.matchAll(/([\w ]+[ *])(\w+)\(([^()]*)\);/g)) {
      const result = resultOf(type.trim().replace(/ \*$/, ' *'), name);
      const given = list.trim() === 'void' ? [] : list.split(',').map(parameter);
      const parameters = given.filter((p) => p !== undefined);
      if (result && parameters.length === given.length)
        functions.push({ name, result, parameters });
    }
  }
  const digest = createHash('sha256')
    .update(JSON.stringify([functions, enumerations]))
    .digest();
  return { functions, enumerations, number: digest.readUInt32BE(0) >>> 1 };
}

/** The text of src/backend/kernel-interface.ts. */
export function interfaceSource() {
  const { functions, enumerations, number } = readInterface();
  const lines = [
    '// Generated from kernels/*.h by `npm run build:kernels`: edit those.',
    '',
    "/** The host's memory, as a kernel may be given it; to kernels that see none but theirs, where it lies there. */",
    'export type HostArray = Float32Array | Float64Array | Int32Array | Uint8Array | number;',
    '',
    '/** Stands for every name, type and code below; the library was built with the same, or is another. */',
    `export const INTERFACE = ${number};`,
  ];
  for (const { name, members } of enumerations) {
    // A prefix that keeps C's names apart is of no use here.
    const prefix = /^[A-Z]+_/.exec(members[0])?.[0] ?? '';
    const shared = members.every((member) => member.startsWith(prefix)) ? prefix.length : 0;
    const codes = members.map((member, i) => `${camelCase(member.slice(shared))}: ${i}`).join(', ');
    lines.push('', `export const ${name.toUpperCase()} = { ${codes} } as const;`);
  }
  lines.push(
    '',
    '/** Result and parameters of each function, in C. */',
    'export const SIGNATURES = {',
  );
  for (const { name, result, parameters } of functions) {
    const types = parameters.map(({ type }) => `'${type}'`).join(', ');
    lines.push(`  ${name}: ['${result.type}', [${types}]],`);
  }
  lines.push(
    '} as const;',
    '',
    '/** The kernels, as JavaScript sees them. Addresses are numbers. */',
  );
  lines.push('export interface KernelLibrary {');
  for (const { name, result, parameters } of functions) {
    const list = parameters.map(({ name, accepts }) => `${name}: ${accepts}`).join(', ');
    lines.push(`  ${name}(${list}): ${result.accepts};`);
  }
  return `${[...lines, '}'].join('\n')}\n`;
}
