/** The columns that a definition asks for its kind (`additionalPrinterColumns`). */
import type { Json, JsonObject } from '../json.ts';
import { isObject, listAt, textAt } from '../json.ts';
import { NAME_COLUMN, ageSince, type Column } from './column.ts';
import { compileJsonPath } from './json-path.ts';

const AGE: JsonObject = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
};

/** Name first; Age only where the definition names no columns at all. */
export function customColumns(version: JsonObject): Column[] {
  const stated = listAt(version, 'additionalPrinterColumns').filter((one) => isObject(one));
  return [NAME_COLUMN, ...(stated.length > 0 ? stated : [AGE]).map(columnOf)];
}

function columnOf(stated: JsonObject): Column {
  const type = textAt(stated, 'type') as Column['type'];
  const path = compileJsonPath(textAt(stated, 'jsonPath'));
  const priority = stated['priority'];
  return {
    name: textAt(stated, 'name'),
    type,
    format: textAt(stated, 'format'),
    description: textAt(stated, 'description') || `Custom resource definition column (in JSONPath format): ${textAt(stated, 'jsonPath')}`,
    priority: typeof priority === 'number' ? priority : 0,
    cell: (object, wallTime) => cellOf(path?.(object)[0], type, wallTime),
  };
}

/** Absent values, and values of another type than the column's, are null. */
function cellOf(value: Json | undefined, type: Column['type'], wallTime: number): Json {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'date':
      return ageSince(value, wallTime);
    case 'integer':
      return Number.isInteger(value) ? value : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'string':
      return typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
}
