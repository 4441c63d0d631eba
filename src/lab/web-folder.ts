import { fileURLToPath } from 'node:url';

/** Where the page lies once it is built. Two folders up, both from src/lab and from dist/lab. */
export const DIST = new URL('../../dist/', import.meta.url);
export const WEB = fileURLToPath(new URL('web/', DIST));
