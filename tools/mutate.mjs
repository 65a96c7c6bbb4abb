// Mutation testing with the exit codes of the command line: 0, 5 when the tests fail before any mutation, 6 when the score is below its threshold.
// Arguments are files to mutate instead of those of stryker.conf.json.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { Stryker } from '@stryker-mutator/core';

const { thresholds } = JSON.parse(readFileSync(new URL('../stryker.conf.json', import.meta.url), 'utf8'));
const files = process.argv.slice(2);

let results;
try {
  results = await new Stryker(files.length === 0 ? {} : { mutate: files }).runMutationTest();
} catch (error) {
  const failing = /failed tests in the initial test run|Something went wrong in the initial test run/i.test(String(error?.message));
  console.error(failing ? 'The tests fail before any mutation; run npm test.' : error);
  process.exit(failing ? 5 : 70);
}

const count = (...statuses) => results.filter(({ status }) => statuses.includes(status)).length;
const detected = count('Killed', 'Timeout');
const undetected = count('Survived', 'NoCoverage');
const score = detected + undetected === 0 ? 100 : (100 * detected) / (detected + undetected);
console.log(
  `\nscore ${score.toFixed(2)} % (break ${thresholds.break}) · ${detected + undetected} mutants: ${count('Killed')} killed, ${count('Timeout')} timed out, ` +
    `${count('Survived')} survived, ${count('NoCoverage')} not covered · ${count('CompileError', 'RuntimeError')} that do not compile or run, ${count('Ignored')} ignored`,
);
process.exitCode = score < thresholds.break ? 6 : 0;
