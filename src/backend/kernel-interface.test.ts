import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { interfaceSource, readInterface } from '../../kernels/interface.mjs';

const text = readFileSync(new URL('./kernel-interface.ts', import.meta.url), 'utf8');

describe('the interface of the kernels', () => {
  it('is what the headers say: run `npm run build:kernels` after a change', () => {
    expect(text).toBe(interfaceSource());
  });

  it('reads types, results, and what may be null', () => {
    const { functions, enumerations } = readInterface();
    const found = functions.find(({ name }) => name === 'layernorm_backward')!;
    expect(found.result.type).toBe('void');
    expect(found.parameters[1]).toEqual({
      name: 'dweight',
      type: 'void *',
      accepts: 'number | null',
      declared: 'float *',
    });
    expect(found.parameters[3]).toMatchObject({ name: 'dy', type: 'int64_t', accepts: 'number' });
    expect(found.parameters.at(-1)).toMatchObject({
      name: 'centred',
      type: 'bool',
      accepts: 'boolean',
    });
    const strided = functions.find(({ name }) => name === 'binary_strided')!;
    expect(strided.parameters.at(-1)!.accepts).toBe('HostArray');
    expect(functions.find(({ name }) => name === 'sum_of_squares')!.result.type).toBe('double');
    expect(enumerations.find(({ name }) => name === 'reduce_op')!.members.slice(0, 2)).toEqual([
      'SUM',
      'MEAN',
    ]);
  });

  it('leaves out what only C can call', () => {
    const names = readInterface().functions.map(({ name }) => name);
    expect(names).toContain('parallel_threads');
    expect(names).not.toContain('parallel_for');
    expect(names).not.toContain('scratch_memory');
  });
});
