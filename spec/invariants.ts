/** Where in the judgement an invariant is decided, the earliest first. */
export type Layer = 'step' | 'history' | 'quiescence' | 'policy' | 'progress' | 'crash';
export const layers: readonly Layer[] = ['step', 'history', 'quiescence', 'policy', 'progress', 'crash'];

export interface Invariant {
  readonly id: string;
  readonly title: string;
  readonly layer: Layer;
  /** What must hold. */
  readonly statement: string;
  /** What goes wrong for a user of the allocator when it does not. */
  readonly why: string;
}

const list = [
  {
    id: 'FP-OWN-1',
    title: 'exclusive ownership',
    layer: 'step',
    statement: 'A frame that an allocate returns is owned by nobody else: every earlier owner has at least begun to free it.',
    why: 'Two owners write the same memory. Nothing an allocator does wrong is worse.',
  },
  {
    id: 'FP-RNG-1',
    title: 'managed range',
    layer: 'step',
    statement: 'Allocated frames are managed frames: firstFrame ≤ frame < firstFrame + frames.',
    why: 'A frame outside the range is a device, another allocator, or no memory at all.',
  },
  {
    id: 'FP-RNG-2',
    title: 'reserved frames stay reserved',
    layer: 'history',
    statement: 'A reserved or offline frame is never allocated, and cannot be freed.',
    why: 'The kernel image, firmware tables and broken memory lie there.',
  },
  {
    id: 'FP-PLC-1',
    title: 'placement',
    layer: 'history',
    statement: "A run starts where the subject's declared placement and the request's alignment allow it, relative to frame 0.",
    why: 'Hardware maps a large page only at a multiple of its size.',
  },
  {
    id: 'FP-EXC-1',
    title: 'operations answer',
    layer: 'step',
    statement: 'Every operation returns a whole number: a frame, 0, or an error code. It never throws.',
    why: 'A caller holding a lock has nowhere to catch.',
  },
  {
    id: 'FP-RAC-1',
    title: 'no data race',
    layer: 'step',
    statement:
      'Two accesses to the same bytes of which one writes and one is plain are ordered by happens-before (program order, an atomic read that reads from an atomic write, a hand-over of a frame), unless the cell is a declared hint.',
    why: 'A racing plain access may see torn or stale values; a compiler may invent, repeat or drop it.',
  },
  {
    id: 'FP-OOM-1',
    title: 'exact out-of-memory',
    layer: 'history',
    statement:
      'An operation answers OutOfMemory only if the history has a linearization in which, at its point, no suitable run is free. Frames that a competing call holds for a moment and gives back count as free.',
    why: 'A caller told that memory is exhausted kills processes; a transient is no excuse.',
  },
  {
    id: 'FP-FRE-1',
    title: 'free takes exactly one live allocation',
    layer: 'history',
    statement: 'A free succeeds only for the first frame and the count of exactly one live allocation; of two frees of one allocation exactly one succeeds.',
    why: 'A double, foreign or too long free hands out memory that somebody still uses.',
  },
  {
    id: 'FP-FRE-2',
    title: 'the owner can free',
    layer: 'history',
    statement: 'A free of a live allocation, whole, by its only claimant succeeds.',
    why: 'Memory that cannot be given back is lost.',
  },
  {
    id: 'FP-ERR-1',
    title: 'the right error',
    layer: 'history',
    statement: 'A refused operation answers an error code whose condition holds (exactly so for a subject that declares exactErrors), and an accepted one 0 or a frame.',
    why: 'A caller acts on the code: it retries, reclaims, or stops the machine.',
  },
  {
    id: 'FP-LIN-1',
    title: 'linearizability',
    layer: 'history',
    statement: 'All operations of a history can be put in one order that respects real time and that the reference model accepts.',
    why: 'Otherwise no sequential account explains what callers saw.',
  },
  {
    id: 'FP-REF-1',
    title: 'refinement',
    layer: 'quiescence',
    statement: 'When nothing runs, the frames that the memory words show as free, allocated and reserved are those of the model after some linearization.',
    why: 'Memory that differs from what callers were told leaks, or is handed out twice later.',
  },
  {
    id: 'FP-CNT-1',
    title: 'exact free count',
    layer: 'quiescence',
    statement: 'When nothing runs, framesFree() is the number of free and cached frames; at the start it is frames − reserved.',
    why: 'Reclaim, admission and statistics rest on it.',
  },
  {
    id: 'FP-PRB-1',
    title: 'what is free can be had',
    layer: 'quiescence',
    statement: 'When nothing runs, an allocator asked for the largest run that the model says is there serves it; and again after everything was freed (full coalescing).',
    why: 'Frames that no request can reach are lost, however well they are counted.',
  },
  {
    id: 'FP-WMK-1',
    title: 'watermark hysteresis',
    layer: 'quiescence',
    statement: 'The pressure level is one that the pressure machine reaches by the counts that the history passed through: it falls when free frames go under a mark, and rises only at the mark plus the gap.',
    why: 'Reclaim that starts too late stalls allocations; without hysteresis it starts and stops for ever.',
  },
  {
    id: 'FP-POL-1',
    title: 'large blocks are kept',
    layer: 'policy',
    statement: 'An allocator that declares keeps-chunks takes frames of a wholly free chunk, with nobody beside it, only if no chunk in use has room, or if the last run below a chunk that the worker took or gave back was there.',
    why: 'A block broken without need is a large page that nobody gets any more.',
  },
  {
    id: 'FP-PRG-1',
    title: 'operations end',
    layer: 'progress',
    statement: 'An operation with nobody beside it ends within a bounded number of accesses.',
    why: 'A search that never ends when nothing fits hangs the machine.',
  },
  {
    id: 'FP-CRS-1',
    title: 'the dead block nobody',
    layer: 'crash',
    statement: 'When a worker stops for ever at any step, every other operation ends; it may wait for the dead one only at a declared waiting point, and only until bury() says that it is dead.',
    why: 'A worker that is killed or migrated away in the middle of an operation must not take the machine with it.',
  },
  {
    id: 'FP-CRS-2',
    title: 'a crash loses at most what was in flight',
    layer: 'crash',
    statement: 'When a worker stopped for ever, memory shows the state of the model with its operation done, not done, or with frames lost of which there are no more than the operation had in flight: its run, rounded up to chunks or blocks where placement is by them.',
    why: 'What a dead worker takes along is gone until somebody reclaims it; it must not be more than it was working on.',
  },
  {
    id: 'FP-CRS-3',
    title: 'recovery brings back what was lost',
    layer: 'crash',
    statement: 'After recover(), or without one if nothing does it, the memory is that of the model with the dead operation done or not done, wholly; counters are right and the largest runs can be had.',
    why: 'Frames that a crash leaks are lost until the next boot.',
  },
  {
    id: 'FP-STP-1',
    title: 'steps within the declared bound',
    layer: 'progress',
    statement: 'An operation takes at most `steps` + `perInterference` × (interfering accesses of others) own accesses, as the subject declares; an access interferes if it conflicts with one of the operation and lies between two of them.',
    why: 'A bound that is promised is relied on: in interrupt handlers, under deadlines.',
  },
  {
    id: 'FP-LFR-1',
    title: 'lock-freedom as far as it was explored',
    layer: 'progress',
    statement: 'With any set of workers stopped for ever at any of their steps, the others never wait for them and never go on without an operation of theirs ending.',
    why: 'An allocator that is called lock-free is called where a lock holder may be preempted for ever.',
  },
  {
    id: 'FP-OBF-1',
    title: 'obstruction-freedom as far as it was explored',
    layer: 'progress',
    statement: 'With all workers but one stopped for ever at any of their steps, the one ends its operations.',
    why: 'A worker that runs alone must get through, whatever the others left behind.',
  },
  {
    id: 'FP-PRG-2',
    title: 'no deadlock',
    layer: 'progress',
    statement: 'In every execution some thread can go on until all have finished.',
    why: 'Workers that wait for each other wait for ever.',
  },
  {
    id: 'FP-PRG-3',
    title: 'no lost wake-up',
    layer: 'progress',
    statement: 'No thread sleeps in Atomics.wait for ever although what it waits for has happened: the word on which it sleeps has changed and nobody notifies, or the notify came before it slept.',
    why: 'The memory that it waits for is there, and it never learns of it. It shows once in a million runs, as a worker that hangs.',
  },
  {
    id: 'FP-PRG-4',
    title: 'no livelock',
    layer: 'progress',
    statement: 'Threads do not keep each other going round for ever: if everybody who can go on does, some operation ends.',
    why: 'All processors are busy, and nothing gets done.',
  },
] as const satisfies readonly Invariant[];

export type InvariantId = (typeof list)[number]['id'];
export const invariants: readonly (Invariant & { readonly id: InvariantId })[] = list;

export function invariant(id: InvariantId): Invariant {
  return list.find((each) => each.id === id) as Invariant;
}

/** What a judge found. */
export interface Finding {
  readonly invariant: InvariantId;
  readonly layer: Layer;
  readonly message: string;
  /** Position in the trace of the event that gives it away, if there is one. */
  readonly step?: number;
}

export const finding = (id: InvariantId, message: string, step?: number): Finding => ({
  invariant: id,
  layer: invariant(id).layer,
  message,
  ...(step === undefined ? {} : { step }),
});
