import { defineConfig } from 'vitest/config';

/** With `--mode fuzz` (npm run fuzz) the fuzzers draw NANOGPT_FUZZ cases each (default: 100,000). */
export default defineConfig(({ mode }) => ({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: 'test/global-setup.ts',
    pool: 'forks',
    // Most of the time goes into commands that are started and waited for: one test for each core.
    maxWorkers: '100%',
    testTimeout: mode === 'fuzz' ? 24 * 3_600_000 : 60_000,
    hookTimeout: 60_000, // they copy folders and start commands
    env: mode === 'fuzz' ? { NANOGPT_FUZZ: process.env['NANOGPT_FUZZ'] ?? '100000' } : {},
  },
}));
