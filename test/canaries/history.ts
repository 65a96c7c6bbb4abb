import type { Canary } from './canary.ts';

/** Defects that the original had once and repaired, turned round. */
export const history: readonly Canary[] = [];
