export { LongRun } from './long-run.ts';
export { Model, type Step } from './model.ts';
export type { Company, Operation, Rules } from './responses.ts';
export { frameOf, State } from './state.ts';
export type { RuleId } from './rules.ts';
export { Ledger, type LedgerEvent } from './ledger.ts';
export { pressureAfter } from './transitions.ts';
export { walkModel, type MachineReport, type WalkReport } from './walk.ts';
export { exportMachines } from './export.ts';
