/** Objects as a server-side table (`meta.k8s.io/v1` Table), and as bare metadata. */
import type { Json, JsonObject } from '../json.ts';
import { objectAt } from '../json.ts';
import type { Column } from './column.ts';
import { CREATED_COLUMN } from './created-column.ts';

/** How much of each object a row carries: its metadata unless asked otherwise. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly columns: readonly Column[];
  readonly include: IncludeObject;
  /** `v1` or `v1beta1`: the version of meta.k8s.io that was asked for. */
  readonly version: string;
  readonly wallTime: number;
}

/** @param listMetadata resourceVersion, continue and remainingItemCount */
export function formatTable(objects: readonly JsonObject[], listMetadata: JsonObject, options: TableOptions): JsonObject {
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.version}`,
    metadata: listMetadata,
    columnDefinitions: columnDefinitions(options.columns),
    // Of kinds without columns of their own a real server shows no list where it has nothing to show.
    rows: objects.length === 0 && options.columns.includes(CREATED_COLUMN) ? null : objects.map((object) => formatRow(object, options)),
  };
}

export function columnDefinitions(columns: readonly Column[]): Json[] {
  return columns.map(({ name, type, format, description, priority }) => ({ name, type, format, description, priority }));
}

export function formatRow(object: JsonObject, options: TableOptions): JsonObject {
  return {
    cells: options.columns.map((column) => column.cell(object, options.wallTime)),
    object: rowObject(object, options),
  };
}

function rowObject(object: JsonObject, { include, version }: TableOptions): Json {
  if (include === 'None') return null;
  if (include === 'Object') return object;
  return partialMetadata(object, version);
}

/** The object with nothing but its metadata. */
export function partialMetadata(object: JsonObject, version: string): JsonObject {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: objectAt(object, 'metadata') };
}
