/** Stands in for `precompiled.ts` in a browser: the rules are packed as it cannot unpack. A model that is read has its own. */
import { UserError } from '../../util/errors.js';

/** @throws UserError: models with these rules are trained on the command line. */
export function nmtNfkcRules(): never {
  throw new UserError(
    'normalization_rule_name: a browser trains with identity only; the command line has nmt_nfkc',
  );
}
