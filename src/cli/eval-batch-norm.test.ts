import { describe, expect, it } from 'vitest';
import { parseModes } from './eval-batch-norm.js';

describe('eval --batch-norm', () => {
  it('takes a list of modes', () => {
    expect(parseModes('ema, precise,frozen,batch')).toEqual(['ema', 'precise', 'frozen', 'batch']);
  });

  it('names what it does not know', () => {
    expect(() => parseModes('ema,precize')).toThrow(/"precize". Did you mean "precise"\?/);
    expect(() => parseModes('ema,ema')).toThrow('--batch-norm: ema is given twice.');
    expect(() => parseModes('')).toThrow(/There are: ema, cumulative, precise, frozen, batch/);
  });
});
