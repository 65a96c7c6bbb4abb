import type { Canary } from './canary.ts';

/** Defects of the buddy pool of Zephyr RTOS, which releases its lock between steps. */
export const zephyr: readonly Canary[] = [];
