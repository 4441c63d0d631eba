import { afterEach, describe, expect, it, vi } from 'vitest';

/** Imports everything anew, as a process with this environment would find it. */
async function fresh(environment: Record<string, string>, built: 'all' | 'wasm' | 'none' = 'all') {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  if (built !== 'all') {
    vi.doMock('node:fs', async (original) => ({
      ...(await original<typeof import('node:fs')>()),
      existsSync: (path: string) => built === 'wasm' && path.endsWith('.wasm'),
    }));
  }
  vi.resetModules();
  return import('./index.js');
}

afterEach(() => {
  vi.unstubAllEnvs();
  vi.doUnmock('node:fs');
});

describe('the default backend', () => {
  it('is one for the process', async () => {
    const { defaultBackend } = await fresh({ NANOGPT_BACKEND: '' });
    expect(defaultBackend()).toBe(defaultBackend());
  });

  it('is the reference on request, without a notice', async () => {
    const { defaultBackend, backendNotice } = await fresh({ NANOGPT_BACKEND: 'reference' });
    expect(defaultBackend().name).toBe('reference');
    expect(backendNotice()).toBeNull();
  });

  it('is WebAssembly on request, without a notice', async () => {
    const { defaultBackend, backendNotice } = await fresh({ NANOGPT_BACKEND: 'wasm' });
    expect(defaultBackend().name).toBe('wasm');
    expect(backendNotice()).toBeNull();
  });

  it('is WebAssembly where native kernels are not built, and says what these would bring', async () => {
    const { defaultBackend, backendNotice } = await fresh({ NANOGPT_BACKEND: '' }, 'wasm');
    expect(defaultBackend().name).toBe('wasm');
    expect(backendNotice()).toMatch(
      /^using the WebAssembly kernels; .* not built .* run `npm run build:kernels`$/,
    );
  });

  it('is the reference where no kernels are built, and says what mends it', async () => {
    const { defaultBackend, backendNotice } = await fresh({ NANOGPT_BACKEND: '' }, 'none');
    expect(defaultBackend().name).toBe('reference');
    expect(backendNotice()).toMatch(
      /^using the slow reference backend: .* not built .* run `npm run build:kernels`; .* run `npm run build`$/,
    );
  });

  it.each([
    ['native', /^NANOGPT_BACKEND=native: .*build:kernels/],
    ['wasm', /^NANOGPT_BACKEND=wasm: .*npm run build/],
  ])('refuses to do without %s when that is insisted on', async (name, message) => {
    const { defaultBackend } = await fresh({ NANOGPT_BACKEND: name }, 'none');
    expect(() => defaultBackend()).toThrow(message);
  });

  it('names what it does not know', async () => {
    const { defaultBackend } = await fresh({ NANOGPT_BACKEND: 'gpu' });
    expect(() => defaultBackend()).toThrow(
      'NANOGPT_BACKEND: expected native, wasm or reference, got "gpu"',
    );
  });
});

describe('the native backend’s settings', async () => {
  const built = (await fresh({})).loadNative() !== null;

  it.skipIf(!built)('takes a number of threads', async () => {
    const { loadNative } = await fresh({ NANOGPT_THREADS: '3' });
    expect(loadNative()!.threads).toBe(3);
  });

  it.skipIf(!built)('refuses a number of threads that is none', async () => {
    const { loadNative } = await fresh({ NANOGPT_THREADS: 'many' });
    expect(() => loadNative()).toThrow(/^NANOGPT_THREADS: expected .* from 1 to 256, got "many"/);
  });

  it.skipIf(!built)('refuses a BLAS that is none', async () => {
    const { loadNative } = await fresh({ NANOGPT_BLAS: '/nowhere/libblas.so' });
    expect(() => loadNative()).toThrow(/cblas_sgemm, got "\/nowhere\/libblas.so"/);
  });
});
