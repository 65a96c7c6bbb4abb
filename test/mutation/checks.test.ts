import { expect, test } from 'vitest';
import { loadMutant, mutationChecks } from './checks.ts';
import { settled } from './settled.ts';

test.each(mutationChecks)('mutants are run against what the allocator passes: $subject, $name', async ({ subject, run }) => {
  expect(run(await loadMutant(subject, undefined))).toBeUndefined();
});

test('the switches of a mutation tester are set for one mutant', () => {
  const text = 'if (stryMutAct_9fa48("12") ? false : (stryCov_9fa48("12", "13"), a < b)) { c(stryMutAct_9fa48("3")); }';
  expect(settled(text, '12')).toBe('if (true ? false : (0, a < b)) { c(false); }');
  expect(settled(text, undefined)).toBe(text);
});
