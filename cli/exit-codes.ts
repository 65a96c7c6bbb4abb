/** What the command's exit says; over several subjects the first that applies of defect, violated, diverged, inconclusive, held. */
export const exitCodes = { held: 0, violated: 1, usage: 2, inconclusive: 3, diverged: 4, defect: 70, interrupted: 130 } as const;

/** Something that the user can put right: one message, no stack trace, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
