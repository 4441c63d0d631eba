import path from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { cacheDir } from './cache-dir.js';

afterEach(() => vi.unstubAllEnvs());

it('is the folder that NANOGPT_CACHE_DIR names', () => {
  vi.stubEnv('NANOGPT_CACHE_DIR', 'relative');
  expect(cacheDir('datasets', 'x.txt')).toBe(path.resolve('relative', 'datasets', 'x.txt'));
});

it("is the system's own place otherwise, an empty setting included", () => {
  vi.stubEnv('NANOGPT_CACHE_DIR', '');
  expect(path.isAbsolute(cacheDir())).toBe(true);
  expect(cacheDir()).toContain('nanogpt');
  expect(cacheDir()).not.toContain('nodejs');
});
