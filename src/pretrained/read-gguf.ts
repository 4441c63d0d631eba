/** A GGUF file as a model of ours: Llama and its relatives, with their SentencePiece tokenizers. */
import { GgufFile } from '../formats/index.js';
import { checkSource, fillParameters } from './fill.js';
import { ROPE_FACTORS, readGgufConfig } from './gguf-config.js';
import { ggufLinks } from './gguf-names.js';
import { type Found, settle } from './opened.js';
import { readGgufTokenizer } from './read-gguf-tokenizer.js';

/** @throws UserError where the file is broken, or of a kind that is not understood. */
export function readGguf(file: string): Found {
  const source = new GgufFile(file);
  try {
    const { architecture, ...described } = readGgufConfig(source);
    const settled = settle(file, described);
    const links = ggufLinks(settled, architecture);
    checkSource(source, links, (name) => name === ROPE_FACTORS);
    const { tokenizer, notices } = readGgufTokenizer(file, source.metadata);
    const { model, vocabSize } = described;
    return {
      family: architecture,
      described: { model, modelConfig: settled.config, vocabSize },
      source,
      fill: (filled) => fillParameters(filled.stateDict(), links, source),
      tokenizer,
      notices,
    };
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}
