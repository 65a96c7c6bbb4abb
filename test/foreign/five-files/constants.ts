/** Frames of the one word: for each a bit 'free' and, above those, a bit 'an allocation starts here'. */
export const framesMax = 31;
export const startShift = 31n;
export const allFrames = (1n << startShift) - 1n;

export const errors = { outOfMemory: -1, invalidCount: -2, invalidFrame: -3, notAllocated: -4, sizeMismatch: -5, reserved: -6 } as const;
export type Code = (typeof errors)[keyof typeof errors];
