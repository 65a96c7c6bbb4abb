import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { largest } from '../bench/explorer.ts';
import type { LitmusTest } from '../spec/explore/litmus.ts';

test('the programs that the explorer is measured by are those with the most known executions', () => {
  const known = JSON.parse(readFileSync(join(import.meta.dirname, 'litmus/sc-litmus.json'), 'utf8')) as { programs: (LitmusTest & { expectedExecutionsSC: number })[] };
  const most = known.programs.toSorted((a, b) => b.expectedExecutionsSC - a.expectedExecutionsSC).slice(0, largest.length);
  expect(most).toMatchObject(largest);
});
