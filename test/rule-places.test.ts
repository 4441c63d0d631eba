import { describe, expect, it } from 'vitest';
import { RULES } from '../src/observe/probes/rules.js';
import { RULE_PLACES } from '../web/rule-places.js';

describe('where the Lab shows what a rule found', () => {
  it('is known for every rule', () => {
    expect(Object.keys(RULE_PLACES).sort()).toEqual(RULES.map(({ name }) => name).sort());
  });
});
