import { isMemory, Op, pending, type View } from './access.ts';
import type { Cells } from './cells.ts';
import { perform } from './perform.ts';
import type { Running } from './running.ts';

/** What lies ahead of a thread that waits and goes on all the same: rounds until it gives up (−1: too many), and the cells read on the way. */
export interface Ahead {
  readonly rounds: number;
  readonly cells: readonly number[];
  /** Whether it changes memory on the way. */
  readonly writes: boolean;
}

/** Where a thread stands: all that it was given so far, which decides what it does next. */
export interface Standing {
  readonly given: readonly number[];
  readonly site: number;
  /** What it is resumed with if it goes on. */
  readonly first: number;
}

interface Element {
  readonly view: View;
  readonly index: number;
  readonly value: number;
}

const nameOf = ({ given }: Standing, roundsMost: number): string => `${roundsMost}:${given.join()}`;

interface Answer {
  readonly ahead: Ahead;
  /** The elements that were met, as they were. */
  readonly elements: readonly Element[];
}

/** Answers kept, so that memory stays flat. */
const answersMost = 1000;

/**
 * Looks ahead of one thread. Executions that differ by what others do meanwhile ask the same again and again, and a wait without an end is long; so answers
 * are kept. One holds where the thread was given the same, and the elements that were met on the way are what they were.
 */
export class LookAhead {
  readonly #cells: Cells;
  readonly #sleepers: (list: number) => readonly number[];
  readonly #answers = new Map<string, Answer>();

  constructor(cells: Cells, sleepers: (list: number) => readonly number[]) {
    this.#cells = cells;
    this.#sleepers = sleepers;
  }

  /** An answer that is kept and holds. */
  known(standing: Standing, roundsMost: number): Ahead | undefined {
    const answer = this.#answers.get(nameOf(standing, roundsMost));
    if (answer === undefined) return undefined;
    for (const { view, index, value } of answer.elements) if (view[index] !== value) return undefined;
    return answer.ahead;
  }

  /**
   * Goes on with a thread that waits, alone, until it ends its operation, wakes somebody or falls asleep for good, has been at its site more often than it
   * may, or as often elsewhere since: then it has left the loop. Memory is restored, the coroutine is spent.
   */
  look(coroutine: Running, standing: Standing, roundsMost: number): Ahead {
    const elements = new Map<number, Element>();
    try {
      const [ahead, isAnswer] = this.#go(coroutine, standing, roundsMost, elements);
      if (this.#answers.size === answersMost) this.#answers.clear();
      if (isAnswer) this.#answers.set(nameOf(standing, roundsMost), { ahead, elements: [...elements.values()] });
      return ahead;
    } finally {
      for (const { view, index, value } of elements.values()) view[index] = value;
    }
  }

  /** What it finds, and whether that is decided by where the thread stands and the elements alone: who sleeps may change. */
  #go(coroutine: Running, { site, first }: Standing, roundsMost: number, elements: Map<number, Element>): readonly [Ahead, boolean] {
    // What is found: up to when it was at its site last.
    const cells = new Set<number>();
    let [rounds, hasWritten] = [0, false];
    const read = new Set<number>();
    let [here, elsewhere, steps] = [0, 0, 0];
    let [writes, isAnswer] = [false, true];
    const found = (): readonly [Ahead, boolean] => [{ rounds, cells: [...cells], writes: hasWritten }, isAnswer];
    const meet = (view: View, index: number): number => {
      const cell = this.#cells.cellOf(view, index);
      if (!elements.has(cell)) elements.set(cell, { view, index, value: view[index] as number });
      return cell;
    };
    let next = coroutine.next(first);
    for (; next.done !== true && elsewhere <= roundsMost && steps < 1000 * roundsMost; steps++) {
      const { op, view, index, operand, expected } = pending;
      let result = 0;
      if (view !== undefined && isMemory(op)) {
        const cell = meet(view, index);
        const before = view[index] as number;
        result = perform(op, view, index, operand, expected);
        if (view[index] !== before) writes = true;
        read.add(cell);
      } else if (op === Op.wait) {
        read.add(meet(view as View, index));
        result = (view as View)[index] === expected ? 1 : 0;
      } else if (op === Op.pause || (op === Op.wake && operand === 1)) {
        result = op === Op.wake ? 1 : 0;
        elsewhere++;
        if (pending.site === site) {
          if (++here > roundsMost) return [{ rounds: -1, cells: [], writes: false }, isAnswer];
          rounds += elsewhere;
          hasWritten = writes;
          for (const cell of read) cells.add(cell);
          elsewhere = 0;
          read.clear();
        }
      } else if (op !== Op.notify) {
        return found();
      } else {
        isAnswer = false;
        if (this.#sleepers(this.#cells.sleepersOf(this.#cells.cellOf(view as View, index))).length > 0) return found();
      }
      next = coroutine.next(result);
    }
    return found();
  }
}
