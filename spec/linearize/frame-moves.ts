import { Holdings, type Holding } from '../../model/index.ts';
import { framesRules, overlap, runOf, type FrameCall, type FrameCalls, type Group } from './frame-calls.ts';
import { moveOf } from './model.ts';
import type { Move, Part } from './search.ts';

/** Beyond it, no more states are kept. */
const bytesMax = 400_000_000;

/** What is assumed of allocates of unknown outcome. */
export type LostPlaces = 'left out' | 'out of the way' | 'where a free wants them' | 'anywhere';

/** A part whose states are holdings. */
export interface FramesPart extends Part {
  readonly allocations: (state: number) => ReadonlyMap<number, number>;
}

/** The part of a history that some calls are, on some of the frames. States are the holdings of the reference model. */
export function framesPart({ geometry, calls }: Group, all: FrameCalls, lost: LostPlaces, spent: ReadonlySet<number> = new Set()): FramesPart {
  const holdings = new Holdings(geometry, framesRules);
  const memo = new Map<string, Map<number, readonly number[]>>();
  const lostMoves = lost === 'left out' ? [] : all.lost.filter(({ number }) => !spent.has(number)).map((each) => lostMove(each, holdings, startsFor(each, calls, all, lost), lost !== 'where a free wants them', memo));
  const moves = [...calls.map((each) => knownMove(each, holdings, memo)), ...lostMoves.filter((move) => move !== undefined)];
  const byNumber = new Map([...calls, ...all.lost].map((each) => [each.number, each]));
  const callOf = ({ call }: Move): FrameCall => byNumber.get(call) as FrameCall;
  return {
    moves,
    initial: holdings.initial.id,
    depends: (a, b) => dependent(callOf(a), callOf(b)),
    allocations: (state) => holdings.at(state).allocations,
    full: () => holdings.bytes > bytesMax,
    explain: (move, states) => {
      const { operation, response, company } = callOf(move);
      const step = holdings.step(holdings.at(states[0] as number), operation, response ?? 0, company);
      return 'ok' in step ? `${step.reason}${states.length > 1 ? ' (so or otherwise in every order of what came before)' : ''}` : 'no order of what came before leaves a place for it';
    },
  };
}

function knownMove({ number, call, operation, response, company, unrivalled }: FrameCall, holdings: Holdings, memo: Map<string, Map<number, readonly number[]>>): Move {
  const next = (answer: number) => (state: number): number[] => {
    const step = holdings.step(holdings.at(state), operation, answer, company);
    return 'ok' in step ? [] : [step.id];
  };
  const words = Object.values(operation).filter((_, at) => at !== 1).join(' '); // whoever calls it
  if (response === undefined) return moveOf(call, number, { kind: `${words} ? ${company}` }, memo, (state) => [...new Set([...next(0)(state), ...next(-1)(state)])]);
  const pure = response < 0;
  return moveOf(call, number, { kind: `${words} ${response} ${company}`, pure, eager: unrivalled }, memo, next(response));
}

/** Where an allocate of unknown outcome may have been served: any of the runs that make a difference. */
function startsFor({ operation: { count }, quiet, call }: FrameCall, calls: readonly FrameCall[], all: FrameCalls, lost: Exclude<LostPlaces, 'left out'>): readonly number[] {
  const isOpen = call.outcome.kind === 'open';
  const apart = quiet === undefined ? [] : [quiet.start];
  if (lost === 'out of the way') return isOpen ? [] : apart;
  const wanted = [...new Set(calls.filter(({ operation, response }) => operation.op === 'free' && operation.count === count && response === 0).map((each) => runOf(each).start))];
  if (lost === 'where a free wants them') return wanted;
  // Before somebody is out of memory nobody misses frames; and then it is all one which, if a single frame would have been enough.
  if (all.shortages.length === 0 && isOpen) return wanted;
  if (quiet?.certain === true && all.shortages.every(({ operation }) => operation.count === 1) && count === 1) return [...apart, ...wanted];
  if (quiet?.certain === true && all.shortages.length === 0) return [...apart, ...wanted];
  const { firstFrame, frames } = all.geometry;
  return [...new Set([...apart, ...wanted, ...Array.from({ length: frames - count + 1 }, (_, at) => firstFrame + at)])];
}

function lostMove({ number, call, operation }: FrameCall, holdings: Holdings, starts: readonly number[], must: boolean, memo: Map<string, Map<number, readonly number[]>>): Move | undefined {
  const optional = !must || call.outcome.kind === 'open';
  if (optional && starts.length === 0) return undefined;
  const ends = (from: Holding, response: number): number[] => {
    const step = holdings.step(from, operation, response, 'alone');
    return 'ok' in step ? [] : [step.id];
  };
  const kind = `allocate ${operation.count} in ${starts.length} from ${starts[0]}`;
  return moveOf(call, number, { kind, optional }, memo, (state) => {
    const from = holdings.at(state);
    const after: number[] = [];
    for (const start of starts) {
      if (holdings.bytes > bytesMax) break; // the search is given up then
      after.push(...ends(from, start));
    }
    return [...after, ...ends(from, -1)];
  });
}

/** Only orders of calls on the same frames matter, and of those that take or give frames with those that ask whether any are left. */
function dependent(a: FrameCall, b: FrameCall): boolean {
  if (a.response === undefined && a.operation.op === 'allocate') return true;
  if (b.response === undefined && b.operation.op === 'allocate') return true;
  const [isShortage, isOther] = [isOutOfMemory(a), isOutOfMemory(b)];
  if (isShortage || isOther) return !(isShortage && isOther);
  return overlap(a, b);
}

const isOutOfMemory = ({ operation, response }: FrameCall): boolean => operation.op === 'allocate' && (response as number) < 0;
