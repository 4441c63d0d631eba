/** A browser for tests of the page: Chromium, where there is one. */
import fs from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const CANDIDATES = [process.env['NANOGPT_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'];

/** Where Chromium lies: NANOGPT_CHROMIUM, or where Linux has it. */
export const CHROMIUM = CANDIDATES.find((file) => file && fs.existsSync(file));

/** What tests say that have none. */
export const NO_CHROMIUM = 'no Chromium: NANOGPT_CHROMIUM names one';

/** A headless one that asks nobody for anything by itself. */
export function openBrowser(): Promise<Browser> {
  const quiet = ['background-networking', 'component-update', 'sync', 'quic'];
  return chromium.launch({
    executablePath: CHROMIUM!,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      ...quiet.map((x) => `--disable-${x}`),
    ],
  });
}
