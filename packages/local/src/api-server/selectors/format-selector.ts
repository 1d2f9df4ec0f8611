/** A selector object as the text that a query would carry. */
import type { JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';

/** `app=a,tier in (x,y)`, sorted by key. Empty when it selects everything. */
export function formatSelector(selector: JsonObject): string {
  const terms: string[] = [];
  for (const [key, value] of Object.entries(objectAt(selector, 'matchLabels'))) terms.push(`${key}=${String(value)}`);
  for (const expression of listAt(selector, 'matchExpressions')) {
    if (!isObject(expression)) continue;
    const key = textAt(expression, 'key');
    const values = listAt(expression, 'values').map(String).sort().join(',');
    switch (textAt(expression, 'operator')) {
      case 'In':
        terms.push(`${key} in (${values})`);
        break;
      case 'NotIn':
        terms.push(`${key} notin (${values})`);
        break;
      case 'Exists':
        terms.push(key);
        break;
      case 'DoesNotExist':
        terms.push(`!${key}`);
        break;
    }
  }
  return terms.sort().join(',');
}
