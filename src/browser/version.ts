/** The package's version: a bundle has no package.json to read it from. A test holds it to that. */
export const VERSION = '0.1.0';
