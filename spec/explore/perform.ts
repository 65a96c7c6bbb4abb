import { Op, type View } from './access.ts';

/** One atomic step on a view, by the only thread that really runs; gives what the operation returns. */
export function perform(op: number, view: View, index: number, operand: number, expected: number): number {
  const before = view[index] as number;
  switch (op) {
    case Op.load:
    case Op.read:
    case Op.peek:
      return before;
    case Op.store:
    case Op.write:
    case Op.poke:
      view[index] = operand;
      return operand;
    case Op.add:
      view[index] = before + operand;
      return before;
    case Op.sub:
      view[index] = before - operand;
      return before;
    case Op.and:
      view[index] = before & operand;
      return before;
    case Op.or:
      view[index] = before | operand;
      return before;
    case Op.xor:
      view[index] = before ^ operand;
      return before;
    case Op.exchange:
      view[index] = operand;
      return before;
    case Op.compareExchange:
      if (before === expected) view[index] = operand;
      return before;
    default:
      throw new Error(`operation ${op} touches no memory`);
  }
}
