/** Prints every canary, what was found of it, and whether its repaired twin holds. Exits with 1 if one is missed. */
import process from 'node:process';
import { load, runCheck } from '../support/subjects.ts';
import { canaries, waiting } from './index.ts';

const row = (...cells: readonly string[]): string =>
  [cells[0]?.padEnd(18), cells[1]?.padEnd(62), cells[2]?.padEnd(9), cells[3]?.padStart(8), cells[4]?.padStart(11), cells[5]?.padStart(7), ` ${cells[6] ?? ''}`].join(' ').trimEnd();

console.log(row('canary', 'mistake', 'broke', 'commands', 'preemptions', 'time', 'repaired twin'));
let missed = 0;
for (const { id, mistake, subject, plants, repaired, invariant, commands, phases, repairedPhases } of canaries) {
  const started = performance.now();
  const [violation] = runCheck(await load(subject, plants), phases, { invariants: [invariant] }).violations;
  const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const twin = runCheck(await load(repaired), repairedPhases ?? phases);
  const found = violation !== undefined && violation.counterexample.commands <= commands + 1;
  const held = twin.verdict === 'held' && twin.coverage.exhausted;
  if (!found || !held) missed++;
  console.log(
    row(
      id, mistake, found ? violation.invariant : 'MISSED', `${violation?.counterexample.commands ?? '-'} of ${commands}`, String(violation?.counterexample.preemptions ?? '-'), seconds,
      held ? `held, ${twin.coverage.executions} executions` : twin.verdict.toUpperCase(),
    ),
  );
}
console.log(`\n${canaries.length} canaries, ${missed} missed. 'commands': of the counterexample, and of the smallest scenario known beforehand.\n\nwaiting for what does not exist yet`);
for (const { id, mistake, needs } of waiting) console.log(`${id.padEnd(5)} ${mistake}; needs ${needs}`);
process.exitCode = missed === 0 ? 0 : 1;
