/** Rows for people: columns as kubectl sets them, so that what is read, cut and sorted elsewhere works here too. */

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
  /** Only with `-o wide`. */
  readonly isWide?: boolean;
}

/** Between columns, as kubectl. */
const gap = '   ';

/** Titles and one line per row; an empty cell is `-`, so that columns can be counted. No space at the ends of lines. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], wide = false): string {
  const shown = columns.filter(({ isWide }) => wide || isWide !== true);
  const lines = [shown.map(({ title }) => title), ...rows.map((row) => shown.map(({ of }) => of(row) || '-'))];
  const widths = shown.map((_column, index) => Math.max(...lines.map((cells) => (cells[index] ?? '').length)));
  return lines.map((cells) => `${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(gap).trimEnd()}\n`).join('');
}
