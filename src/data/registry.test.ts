import { describe, expect, it } from 'vitest';
import { DATASETS, loadDataset, loadText, registerDataset } from './index.js';

describe('registerDataset', () => {
  it('makes a text known by its name, once', async () => {
    const definition = {
      name: 'limericks',
      description: 'five lines each',
      read: async () => 'There was an old man\nof Peru\n'.repeat(20),
      documents: true,
    };
    registerDataset(definition);
    registerDataset(definition);
    expect(DATASETS['limericks']).toMatchObject({ description: 'five lines each' });
    expect((await loadText('limericks')).text).toMatch(/^There was an old man/);
    const data = await loadDataset({ data: 'limericks', tokenizer: 'char', tokenCache: null });
    expect(data.info.documents).toBeDefined();
    expect(() => registerDataset({ ...definition })).toThrow(
      'registerDataset: there is a dataset "limericks" already',
    );
    expect(() => registerDataset({ ...definition, name: 'shakespeare' })).toThrow('already');
  });

  it('says what is missing, and what a text should have been', async () => {
    expect(() => registerDataset(null as never)).toThrow('expected a name');
    expect(() => registerDataset({ name: 'x' } as never)).toThrow(
      'x: expected a description and read',
    );
    registerDataset({ name: 'empty', description: 'nothing', read: () => '' });
    await expect(loadText('empty')).rejects.toThrow(
      'dataset empty: expected its read() to give a text, got ""',
    );
  });
});
