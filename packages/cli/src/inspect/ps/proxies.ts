/** The table of `sluice ps`: a proxy per row and a type per column, as istioctl has it; details and reasons on request. */
import { formatDuration } from '../../terminal/duration.ts';
import type { Answer } from '../output.ts';
import type { TypeRow } from './client-status.ts';

interface ProxyRow {
  readonly proxy: string;
  readonly group: string;
  readonly types: ReadonlyMap<string, TypeRow>;
  readonly source: unknown;
}

/** Columns that are there whoever is connected; others come when somebody has them. */
const usualTypes = ['LDS', 'RDS', 'CDS', 'EDS'];

export function proxiesAnswer(rows: readonly TypeRow[]): Answer<ProxyRow> {
  const proxies = [...Map.groupBy(rows, ({ source }) => source).values()].map((types): ProxyRow => {
    const [first] = types as [TypeRow];
    return { proxy: first.proxy, group: first.group, source: first.source, types: new Map(types.map((row) => [row.type, row])) };
  });
  const types = [...new Set([...usualTypes, ...rows.map(({ type }) => type)])].filter(Boolean);
  return {
    columns: [
      { title: 'NAME', of: ({ proxy }) => proxy },
      { title: 'GROUP', of: ({ group }) => group },
      ...types.map((type) => ({ title: type, of: (row: ProxyRow) => cell(row.types.get(type)) })),
    ],
    rows: proxies.toSorted((a, b) => (a.proxy < b.proxy ? -1 : 1)),
    source: ({ source }) => source,
    nothing: 'No proxies are connected.',
  };
}

/** One row per proxy and type. */
export function detailsAnswer(rows: readonly TypeRow[]): Answer<TypeRow> {
  return {
    columns: [
      { title: 'NAME', of: ({ proxy }) => proxy },
      { title: 'GROUP', of: ({ group }) => group },
      { title: 'TYPE', of: ({ type }) => type },
      { title: 'STATUS', of: ({ status }) => status },
      { title: 'WANTED', of: ({ wanted }) => String(wanted) },
      { title: 'ACKNOWLEDGED', of: ({ acknowledged }) => String(acknowledged) },
      { title: 'AGE', of: ageOf },
      { title: 'REFUSED', of: ({ refusals }) => refusals.join(' | ').replaceAll(/\s+/g, ' ') },
    ],
    rows: rows.toSorted((a, b) => (a.proxy < b.proxy ? -1 : a.proxy > b.proxy ? 1 : 0)),
    source: ({ source }) => source,
    nothing: 'No proxies are connected.',
  };
}

/** `SYNCED 12 (3 s)`, `STALE 11/12 (2 min)`; how old it is decides whether "stale" is worth a worry. */
function cell(row: TypeRow | undefined): string {
  if (row === undefined) return '';
  const { status, wanted, acknowledged } = row;
  const share = status === 'SYNCED' ? String(wanted) : `${acknowledged}/${wanted}`;
  const age = ageOf(row);
  return age === '' ? `${status} ${share}` : `${status} ${share} (${age})`;
}

function ageOf({ ageMs }: TypeRow): string {
  return ageMs === undefined ? '' : formatDuration(ageMs);
}
