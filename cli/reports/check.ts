import type { CheckReport, PhaseReport, SubjectReport } from '../../spec/report.ts';
import type { Paint } from '../terminal.ts';
import { violationText } from './counterexample.ts';

export const number = (value: number): string => value.toLocaleString('en-US');
/** `1 scenario`, `2,000 scenarios`. */
export const counted = (value: number, what: string): string => `${number(value)} ${what}${value === 1 ? '' : 's'}`;
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** The heading of a check. */
export function headingText({ tool, seed }: Pick<CheckReport, 'tool' | 'seed'>, preset: string): string {
  return `frameproof ${tool.version} · seed ${seed} · ${preset}`;
}

/** One line of the plan and what came of it. */
export function phaseText(phase: PhaseReport, paint: Paint): string {
  const { strategy, scope, scenarios, executions, violated, claim, note, durationMs, unendingMost } = phase;
  const mark = violated ? paint('red', '✗') : note !== '' ? paint('yellow', '?') : paint('green', '✓');
  const counts = scenarios === 0 ? '' : `${counted(scenarios, 'scenario')} · ${counted(executions, 'execution')} · `;
  return ` ${mark} ${strategy.padEnd(11)} ${scope}\n               ${counts}${claim}${note === '' ? '' : ` (${note})`}   ${paint('dim', seconds(durationMs))}${unendingMost === undefined ? '' : `\n               no ${unendingMost + 1} accesses in a row without an operation that ends; exhaustive in this scope, no proof beyond it`}`;
}

/** What was covered of a subject, after its phases. */
export function subjectText(subject: SubjectReport, paint: Paint): string {
  const { coverage, verdict, violations, notes } = subject;
  if (subject.diverged === true) return ` ${paint('yellow', '?')} ${notes.join('\n   ')}\n\n ${subject.module}: ${paint('yellow', 'inconclusive')}, it behaves differently when it is run again`;
  const { modelTransitions, progress, incomplete, redundant } = coverage;
  const explored = coverage.scenarios > 0;
  const nothing = subject.phases.length > 0 && subject.phases.every(({ claim }) => claim === 'not run');
  const lines = !explored ? [] : [
    `   model       ${modelTransitions.covered} of ${modelTransitions.total} transitions of the reference model taken${modelTransitions.missing.length === 0 ? '' : `; not: ${modelTransitions.missing.join(', ')}`}`,
    `   steps       ${Object.entries(progress).map(([name, { most, alone, perInterference }]) => `${name} ≤ ${most} (${alone}${perInterference === 0 ? '' : ` + ${Number(perInterference.toFixed(1))} × interfering`})`).join(', ')} accesses, most seen · ${number(coverage.steps)} in all · ${number(redundant)} redundant executions`,
  ];
  if (incomplete > 0) lines.push(`   ${paint('yellow', 'incomplete')}  ${number(incomplete)} executions reached the limit of steps`);
  for (const note of notes) lines.push(`   note        ${note}`);
  const ran = (strategy: string): boolean => subject.phases.some((phase) => phase.strategy === strategy && phase.scenarios > 0);
  if (explored) lines.push(`   not covered ${ran('crash') ? '' : 'crashes, '}${ran('stale') ? 'plain stores seen early (load buffering)' : 'stale hint reads'}, anything beyond the scopes above`);
  for (const violation of violations) lines.push('', violationText(violation, paint));
  const verdictText = verdict === 'held' ? paint('green', 'held') : verdict === 'violated' ? paint('red', 'violated') : paint('yellow', 'inconclusive');
  lines.push('', ` ${subject.module}: ${verdictText}${explored ? ` · ${counted(coverage.scenarios, 'scenario')} · ${counted(coverage.executions, 'execution')}` : ''}${nothing ? ', nothing was explored: every scope of the plan is beyond the limits of the subject; give one within, such as --frames 1' : violations.length === 0 ? ` · ${subject.invariantsHeld} invariants judged and held` : ''}`);
  return lines.join('\n');
}

/** The last line of a check. */
export function closingText(report: CheckReport, exit: number, paint: Paint): string {
  const count = (verdict: SubjectReport['verdict']): number => report.subjects.filter((subject) => subject.verdict === verdict).length;
  const parts = [`${count('held')} held`, `${count('violated')} violated`, ...(count('inconclusive') > 0 ? [`${count('inconclusive')} inconclusive`] : [])];
  return paint('bold', `${parts.join(', ')}${report.interrupted ? ' · interrupted' : ''} · ${seconds(report.durationMs)} · exit ${exit}`);
}
