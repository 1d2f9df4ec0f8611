/** What `-o` asks for. */
import { stringify } from 'yaml';

import { formatTable, type Column } from './table.ts';

export const outputFormats = ['table', 'wide', 'json', 'yaml'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface Answer<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** What a row stands for, for programs: the API's own object. */
  readonly source: (row: Row) => unknown;
  /** Said instead of an empty table. */
  readonly nothing: string;
}

/** Undefined and a word on standard error for what is no format. */
export function readFormat(text: string | undefined, say: (line: string) => void): OutputFormat | undefined {
  const format = outputFormats.find((known) => known === (text ?? 'table'));
  if (format === undefined) say(`error: --output is ${JSON.stringify(text)}, must be one of wide, json, yaml`);
  return format;
}

/** Data as text for standard output; what is meant for people only goes to `say`. */
export function render<Row>(answer: Answer<Row>, format: OutputFormat, say: (line: string) => void): string {
  const { columns, rows, source, nothing } = answer;
  switch (format) {
    case 'json':
      return `${JSON.stringify(rows.map(source), undefined, 2)}\n`;
    case 'yaml':
      return stringify(rows.map(source));
    case 'table':
    case 'wide':
      if (rows.length > 0) return formatTable(columns, rows, format === 'wide');
      say(nothing);
      return '';
  }
}
