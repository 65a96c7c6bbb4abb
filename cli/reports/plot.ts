const eighths = ' ▁▂▃▄▅▆▇█';

/** A curve as rows of block characters, the highest first: a column a value, 0 to `top`, with the scale at the left. */
export function plot(values: readonly number[], top: number, rows: number, scale: (value: number) => string): string[] {
  const labels = [scale(top), scale(0)];
  const width = Math.max(...labels.map(({ length }) => length));
  return Array.from({ length: rows }, (_, row) => {
    const below = rows - 1 - row;
    const cells = values.map((value) => eighths[Math.max(0, Math.min(8, Math.round((top === 0 ? 0 : (value / top) * rows * 8) - below * 8)))]);
    const label = row === 0 ? labels[0] : row === rows - 1 ? labels[1] : '';
    return `${(label as string).padStart(width)} ┤${cells.join('')}`;
  });
}
