/** Where fetched and computed files are kept between runs. */
import path from 'node:path';
import envPaths from 'env-paths';

/**
 * The user's cache folder for this package, or a path inside it. Creates nothing.
 *
 * `NANOGPT_CACHE_DIR` where it is set; otherwise the system's own place: `~/.cache/nanogpt` on Linux
 * (`$XDG_CACHE_HOME` counts), `~/Library/Caches/nanogpt` on macOS, `%LOCALAPPDATA%\nanogpt\Cache` on
 * Windows.
 */
export function cacheDir(...parts: string[]): string {
  const chosen = process.env['NANOGPT_CACHE_DIR'];
  const root = chosen ? path.resolve(chosen) : envPaths('nanogpt', { suffix: '' }).cache;
  return path.join(root, ...parts);
}
