/** One column of a server-side table, which is what `kubectl get` prints. */
import type { Json, JsonObject } from '../json.ts';

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  /** `name` for the column that names the object, else empty. */
  readonly format: string;
  readonly description: string;
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority: number;
  /** @param wallTime ms since the epoch, for ages */
  cell(object: JsonObject, wallTime: number): Json;
}

export type Cell = Column['cell'];

/** A column of text. */
export function column(name: string, cell: Cell, priority = 0, description = ''): Column {
  return { name, type: 'string', format: '', description, priority, cell };
}

/** The first column of every table. */
export const NAME_COLUMN: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace',
  priority: 0,
  cell: (object) => nameOf(object),
};

/** How long ago it was made. */
export const AGE_COLUMN: Column = column(
  'Age',
  (object, wallTime) => ageOf(object, 'creationTimestamp', wallTime),
  0,
  'Time since the server made this object',
);

function nameOf(object: JsonObject): Json {
  const metadata = object['metadata'];
  return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? (metadata['name'] ?? '') : '';
}

function ageOf(object: JsonObject, field: string, wallTime: number): string {
  const metadata = object['metadata'];
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return '<unknown>';
  return ageSince(metadata[field], wallTime);
}

/** `5s`, `2m3s`, `4d`: as short as kubectl writes it. `<unknown>` when there is no time. */
export function ageSince(timestamp: Json | undefined, wallTime: number): string {
  if (typeof timestamp !== 'string') return '<unknown>';
  const then = Date.parse(timestamp);
  return Number.isNaN(then) ? '<unknown>' : formatAge(wallTime - then);
}

/** apimachinery's `duration.HumanDuration`: two units while they say something, one when they do not. */
export function formatAge(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 730) return `${days}d`;
  const years = Math.floor(days / 365);
  if (years < 8) return two(years, 'y', days % 365, 'd');
  return `${years}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}
