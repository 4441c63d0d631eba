/**
 * Rotary positions in a `config.json`: the old spelling, `rope_theta` and `rope_scaling`, and that of
 * transformers 5, `rope_parameters`. Both are read, and both are written.
 */
import type { TransformerConfig } from '../models/index.js';
import type { RotaryScaling } from '../tensor/index.js';
import { UserError } from '../util/errors.js';
import type { Keys } from './keys.js';

type Rope = Pick<TransformerConfig, 'ropeTheta' | 'ropeScaling'>;

/**
 * @param positions the model's length, which `dynamic` scaling counts from.
 * @param theta where the file does not say.
 * @param share whether the family can turn a part of each head.
 * @throws UserError for kinds of scaling that are not known, by name.
 */
export function readRope(
  keys: Keys,
  positions: number,
  theta: number,
  share: 'whole' | 'anyShare' = 'whole',
): Rope {
  const parameters = keys.inner('rope_parameters');
  const scaling = keys.inner('rope_scaling');
  const found = keys.has('rope_theta') ? keys : parameters?.has('rope_theta') ? parameters : keys;
  if (share === 'whole') refusePartial(keys);
  const ropeTheta = found.positive('rope_theta', theta);
  const source = parameters ?? scaling;
  return { ropeTheta, ropeScaling: source ? readScaling(source, positions, share) : null };
}

function refusePartial(keys: Keys): void {
  keys.only('partial_rotary_factor', 1, 'part of each head would be without rotary positions');
}

function readScaling(
  keys: Keys,
  positions: number,
  share: 'whole' | 'anyShare',
): RotaryScaling | null {
  const kind = keys.has('rope_type') ? keys.text('rope_type') : keys.text('type', 'default');
  if (share === 'whole') refusePartial(keys);
  switch (kind) {
    case 'default':
      return null;
    case 'linear':
      return { kind, factor: keys.positive('factor') };
    case 'dynamic': {
      const originalMaxPositions = keys.whole('original_max_position_embeddings', positions);
      return { kind, factor: keys.positive('factor'), originalMaxPositions };
    }
    case 'llama3':
      return {
        kind,
        factor: keys.positive('factor'),
        lowFreqFactor: keys.positive('low_freq_factor'),
        highFreqFactor: keys.positive('high_freq_factor'),
        originalMaxPositions: keys.whole('original_max_position_embeddings'),
      };
    default:
      throw new UserError(
        `${keys.file}: rotary scaling "${kind}" is not understood; expected default, linear, dynamic or llama3.`,
      );
  }
}

/** The keys, in both spellings. */
export function writeRope({ ropeTheta, ropeScaling }: Rope) {
  const scaling = ropeScaling ? writeScaling(ropeScaling) : undefined;
  return {
    rope_theta: ropeTheta,
    rope_scaling: scaling ? { type: scaling['rope_type'], ...scaling } : null,
    rope_parameters: { rope_type: 'default', rope_theta: ropeTheta, ...scaling },
  };
}

function writeScaling(scaling: RotaryScaling): Record<string, unknown> {
  const { kind, factor } = scaling;
  if (scaling.kind === 'linear') return { rope_type: kind, factor };
  const original_max_position_embeddings = scaling.originalMaxPositions;
  if (scaling.kind === 'dynamic')
    return { rope_type: kind, factor, original_max_position_embeddings };
  return {
    rope_type: kind,
    factor,
    low_freq_factor: scaling.lowFreqFactor,
    high_freq_factor: scaling.highFreqFactor,
    original_max_position_embeddings,
  };
}
