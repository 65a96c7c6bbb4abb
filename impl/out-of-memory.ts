import { pause } from './access.ts';
import type { Core } from './core.ts';
import { flightChunk, flightCount, lineFlight, lineSeq, lineWords } from './layout.ts';
import { freeEntries, isDelegated, isFree, lowest } from './words.ts';

/**
 * Whether no suitable run is free, exactly: at some instant of the call there was none, not even in frames that a competing call held
 * for a moment. False: something was seen, look again.
 *
 * Who validates says so first, in `watch`, and then reads the others' seqs and flights, makes its passes, and reads flights and seqs again. Between
 * the two reads nothing of them changes. Then a worker with a flight was in it all the while (the end of a flight moves seq first), and its chunks
 * count as free in every pass. A worker without one had none (a flight that comes and goes moves seq), and made frames available at most once: either
 * by one RMW that it had announced, its seq odd all the while; or by one that it had not, since nobody was validating when it looked. After that one
 * it looks again, and announces. It cannot be both: its seq would have moved between the reads, or the unannounced one was over before the first.
 *
 * So of n + 1 passes, n the number of others, one saw nothing become free outside of flights; at its end what was free, or may be given back, lies
 * within what it saw. That is if a worker's look at `watch` comes after its last RMW; a machine may do a plain read before the RMW in front of it is
 * seen by others, and a plain write of seq, too (ARM; x86 does not, and no engine moves either across a call of Atomics). Then it can be two RMWs a
 * worker, hence 2n + 1 passes. If only frames in flight would complete a run, their operation's end decides, and this waits for it: the only
 * place that waits, with nothing in flight itself, so nobody waits in a circle.
 */
export function isExhausted(core: Core, count: number): boolean {
  Atomics.add(core.words, core.watch, 1);
  const exhausted = validate(core, count);
  Atomics.sub(core.words, core.watch, 1);
  return exhausted;
}

function validate(core: Core, count: number): boolean {
  const { words, worker } = core;
  const { workers, lines, seqMask } = core.shared;
  const passes = 2 * (workers - 1) + 1;
  const seqs: number[] = [];
  const flights: number[] = [];
  for (;;) {
    let active = -1;
    for (let other = 0; other < workers; other++) {
      if (other === worker) continue;
      seqs[other] = Atomics.load(words, lines + other * lineWords + lineSeq) & seqMask;
      flights[other] = Atomics.load(words, lines + other * lineWords + lineFlight);
      if (flights[other] !== 0) active = other;
    }
    let inFlight = false;
    for (let pass = 0; pass < passes && !inFlight; pass++) {
      if (!isRunFree(core, count, active < 0 ? [] : flights)) continue;
      if (active < 0 || isRunFree(core, count, [])) return false;
      inFlight = true;
    }
    if (inFlight) {
      while (Atomics.load(words, lines + active * lineWords + lineFlight) === flights[active]) pause();
      continue;
    }
    let settled = true;
    for (let other = 0; other < workers && settled; other++) {
      if (other === worker) continue;
      const line = lines + other * lineWords;
      // The flight first: an operation that gives frames back moves seq before its flight ends.
      settled = Atomics.load(words, line + lineFlight) === flights[other] && (Atomics.load(words, line + lineSeq) & seqMask) === seqs[other];
    }
    if (settled) return true;
  }
}

/** Whether one pass over the words shows a suitable run, with all frames of the chunks in flight counted as free. */
function isRunFree(core: Core, count: number, flights: readonly number[]): boolean {
  const { chunks, chunkFrames, wordsPerChunk, level0, level1, entries } = core.shared;
  const small = count < chunkFrames;
  let length = 0;
  let parents = 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    if (chunk % entries === 0) parents = Atomics.load(core.words, level1 + chunk / entries);
    if (small) length = 0;
    else if (length % chunkFrames !== 0) length = 0; // a large run starts on a chunk boundary
    if (isFree(parents, chunk % entries) || isInFlight(flights, chunk)) {
      length += chunkFrames;
      if (length >= count) return true;
      continue;
    }
    if (!isDelegated(parents, chunk % entries)) {
      length = 0;
      continue;
    }
    let broken = false;
    let blocks = 0;
    for (let index = 0; index < wordsPerChunk && !broken; index++) {
      const word = chunk * wordsPerChunk + index;
      const block = word & core.blockMask;
      if (block === 0) blocks = Atomics.load(core.words, core.blocks + (word >>> core.blockShift));
      let free = isFree(blocks, block) ? core.allFree : 0;
      if (isDelegated(blocks, block)) free = freeEntries(Atomics.load(core.words, level0 + word));
      if (small) {
        for (let entry = 0; entry < entries; entry++) {
          length = (free & (1 << entry)) === 0 ? 0 : length + 1;
          if (length === count) return true;
        }
      } else {
        const taken = ~free & core.allFree;
        length += taken === 0 ? entries : lowest(taken);
        if (length >= count) return true;
        broken = taken !== 0;
      }
    }
    if (broken) length = 0;
  }
  return false;
}

function isInFlight(flights: readonly number[], chunk: number): boolean {
  for (const flight of flights) {
    if (flight === undefined || flight === 0) continue;
    const first = flightChunk(flight);
    if (chunk >= first && chunk < first + flightCount(flight)) return true;
  }
  return false;
}
