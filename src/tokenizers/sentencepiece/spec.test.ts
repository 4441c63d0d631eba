import { describe, expect, it } from 'vitest';
import { parseOptions, splitCsv } from './spec.js';

describe('parseOptions', () => {
  it('reads a published command line as it is', () => {
    const line =
      '--input=a.txt,b.txt --model_prefix=tok32000 --model_type=bpe --vocab_size=32000 ' +
      '--self_test_sample_size=0 --input_format=text --character_coverage=0.99995 --num_threads=8 ' +
      '--split_digits=true --allow_whitespace_only_pieces=true --byte_fallback=true ' +
      '--normalization_rule_name=identity';
    const { settings, recorded } = parseOptions(line.split(' '));
    expect(settings).toEqual({
      input: ['a.txt', 'b.txt'],
      model_prefix: 'tok32000',
      model_type: 'bpe',
      vocab_size: 32000,
      input_format: 'text',
      character_coverage: 0.99995,
      split_digits: true,
      allow_whitespace_only_pieces: true,
      byte_fallback: true,
      normalization_rule_name: 'identity',
    });
    expect(recorded).toEqual({ self_test_sample_size: '0', num_threads: '8' });
  });

  it('reads kebab-case, values apart, switches, and negative numbers', () => {
    const { settings } = parseOptions(
      '--vocab-size 300 --byte-fallback --split-digits false --pad-id -1'.split(' '),
    );
    expect(settings).toEqual({
      vocab_size: 300,
      byte_fallback: true,
      split_digits: false,
      pad_id: -1,
    });
  });

  it('takes an empty value for what it is, and unused options at their defaults', () => {
    const line = '--required_chars= --user_defined_symbols= --differential_privacy_noise_level=0.0';
    const { settings } = parseOptions([...line.split(' '), '--vocab_size', '300']);
    expect(settings).toEqual({ required_chars: '', user_defined_symbols: [], vocab_size: 300 });
    expect(() => parseOptions(['--required_chars', '--split_digits'])).toThrow('needs a value');
  });

  it('names the nearest option, and what kind of value is expected', () => {
    expect(() => parseOptions(['--vocabsize=3'])).toThrow('Did you mean --vocab_size?');
    expect(() => parseOptions(['--vocab_size=many'])).toThrow('expected a number, got "many"');
    expect(() => parseOptions(['--vocab_size=1.5'])).toThrow('expected a whole number');
    expect(() => parseOptions(['--split_digits=maybe'])).toThrow('expected true or false');
    expect(() => parseOptions(['--vocab_size'])).toThrow('--vocab_size needs a value');
    expect(() => parseOptions(['32000'])).toThrow('expected an option');
    expect(() => parseOptions(['--normalization_rule_tsv=x'])).toThrow('not supported');
  });

  it('splits lists as the original does', () => {
    expect(splitCsv('a,b,,c')).toEqual(['a', 'b', '', 'c']);
    expect(splitCsv('"a,b",c')).toEqual(['a,b', 'c']);
    expect(splitCsv('"say ""hi""",x')).toEqual(['say "hi"', 'x']);
    expect(splitCsv('')).toEqual([]);
  });
});
