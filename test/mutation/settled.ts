/**
 * A source as Stryker instruments it, with every switch set for one mutant: the explorer then runs it at its usual speed, ten times that of
 * the switches. With none, it stays as it is.
 */
export function settled(text: string, mutant: string | undefined): string {
  if (mutant === undefined) return text;
  return text.replace(/\bstryMutAct_\w+\("(\w+)"\)/g, (_, id: string) => String(id === mutant)).replace(/\bstryCov_\w+\((?:"\w+"(?:, )?)+\)/g, '0');
}
