/** What is known of a phase under way. */
export interface PhaseProgress {
  readonly scenarios: number;
  readonly total: number | undefined;
  /** How much of the scenario under way is left, of 1, by a guess. */
  readonly left: number;
}

/** Less than this of a phase says nothing of the rest. */
const tooLittle = 0.02;

/**
 * A guess of how long a phase goes on, as if the scenarios to come were like those done, or undefined while there is too little to guess
 * by. Scenarios differ by orders of magnitude, so it is told as a guess.
 */
export function remaining({ scenarios, total, left }: PhaseProgress, elapsedMs: number): number | undefined {
  if (total === undefined || total === 0) return undefined;
  const done = Math.max(0, scenarios - left) / total;
  return done < tooLittle ? undefined : (elapsedMs * (1 - done)) / done;
}

/** `about 40 s left in this phase, if the rest is like it`. */
export function remainingText(progress: PhaseProgress, elapsedMs: number): string {
  const ms = remaining(progress, elapsedMs);
  const under = progress.left > 0 && progress.left < 0.995 ? ` · the one under way about ${Math.round(100 * (1 - progress.left))} % explored` : '';
  if (ms === undefined) return under;
  const s = Math.ceil(ms / 1000);
  const text = s < 100 ? `${s} s` : s < 6000 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;
  return `${under} · about ${text} left in this phase, if the rest is like it`;
}
