/** A folder as models are published on the Hugging Face hub: `config.json`, weights, tokenizer. */
import fs from 'node:fs';
import path from 'node:path';
import { SafetensorsFile, ShardedSafetensors, type TensorSource } from '../formats/index.js';
import { createTokenizer, type Tokenizer } from '../tokenizers/index.js';
import { UserError } from '../util/errors.js';
import { readJsonFile } from '../util/json-file.js';
import { familyOf } from './families.js';
import type { Family, Settled } from './family.js';
import { CONFIG, INDEX, WEIGHTS } from './file-names.js';
import { checkSource, fillParameters } from './fill.js';
import { Keys } from './keys.js';
import type { Link } from './link.js';
import { type Found, settle } from './opened.js';
import { isOwnForm, readOwnForm } from './own-form.js';

/** A few kilobytes in truth. */
const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
/** By one of these a folder is known to hold a tokenizer. */
const TOKENIZER_FILES = ['nanogpt-tokenizer.json', 'tokenizer.json', 'tokenizer.model'];

/**
 * Reads the configuration, opens the weights, and checks that they belong together.
 *
 * @param weights the file of weights; default: the one that the folder is bound to have.
 * @throws UserError saying what is missing, not understood, or does not fit.
 */
export async function readFolder(folder: string, weights?: string): Promise<Found> {
  const file = path.join(folder, CONFIG);
  if (!fs.existsSync(file)) {
    throw new UserError(`${folder}: holds no model: it has no ${CONFIG}.`);
  }
  const json = readJsonFile(file, MAX_CONFIG_BYTES) as { format?: unknown } | null;
  if (json?.format === 'nanogpt-run') {
    throw new UserError(
      `${folder}: is a run of nanogpt: open it with openRun, or export it first.`,
    );
  }
  const keys = new Keys(file, json);
  if (isOwnForm(json)) {
    const tokenizer = await tokenizerIn(folder);
    return readOwnForm(keys, new SafetensorsFile(weights ?? path.join(folder, WEIGHTS)), tokenizer);
  }
  const family = familyOf(keys);
  const described = family.read(keys);
  const settled = settle(file, described);
  const notices = unreadNotice(keys);
  const source = openWeights(folder, weights);
  try {
    const links = linksOf(family, settled, source);
    const { model, vocabSize } = described;
    return {
      family: family.name,
      described: { model, modelConfig: settled.config, vocabSize },
      source,
      fill: (filled) => fillParameters(filled.stateDict(), links, source),
      tokenizer: await tokenizerIn(folder),
      notices,
    };
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

/** Which tensors are which parameters, with or without the prefix that names may have, checked. */
function linksOf(family: Family, settled: Settled, source: TensorSource): Link[] {
  const prefixes = [family.prefix, '', `_orig_mod.${family.prefix}`]; // the last is torch.compile's
  const has = (prefix: string): boolean => {
    const embedding = family.links(settled, prefix).find(({ own }) => own === 'wte.weight');
    return source.tensors.has(embedding!.theirs);
  };
  const links = family.links(settled, prefixes.find(has) ?? family.prefix);
  checkSource(source, links, (name) => family.ignores(name, settled.config));
  return links;
}

/** Keys that are on and that nobody knows: the model may be another than is thought. */
function unreadNotice(keys: Keys): string[] {
  const unread = keys.unread();
  if (unread.length === 0) return [];
  const shown = unread.slice(0, 8).map((key) => key.slice(0, 60));
  const more = unread.length > shown.length ? ` and ${unread.length - shown.length} more` : '';
  return [
    `${keys.file}: ${shown.join(', ')}${more}: not understood and passed over; what the model computes may differ.`,
  ];
}

function openWeights(folder: string, weights: string | undefined): TensorSource {
  if (weights !== undefined) return new SafetensorsFile(weights);
  const single = path.join(folder, WEIGHTS);
  const index = path.join(folder, INDEX);
  if (fs.existsSync(single)) return new SafetensorsFile(single);
  if (fs.existsSync(index)) return new ShardedSafetensors(index);
  const others = ['pytorch_model.bin', 'pytorch_model.bin.index.json', 'tf_model.h5'];
  const other = others.find((name) => fs.existsSync(path.join(folder, name)));
  throw new UserError(
    `${folder}: has neither ${WEIGHTS} nor ${INDEX}${other ? `; ${other} is not read here: convert it to safetensors` : ''}.`,
  );
}

/** The folder's tokenizer; undefined where it has none. @throws UserError where it is broken. */
export async function tokenizerIn(folder: string): Promise<Tokenizer | undefined> {
  const has = TOKENIZER_FILES.some((name) => fs.existsSync(path.join(folder, name)));
  return has ? createTokenizer(path.resolve(folder)) : undefined;
}
