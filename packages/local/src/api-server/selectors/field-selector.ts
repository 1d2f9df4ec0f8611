/** Field selectors: `metadata.name=x,status.phase!=Running`. Only the fields a kind offers may be used. */
import type { JsonObject } from '../json.ts';
import { isObject } from '../json.ts';
import { badRequest } from '../status-error.ts';

export type FieldMatcher = (object: JsonObject) => boolean;

/**
 * Undefined when it selects everything.
 * @param offered the field paths a kind may be selected by
 * @throws StatusError 400 on bad text or a field that is not offered
 */
export function parseFieldSelector(text: string, offered: readonly string[], isCustom: boolean): FieldMatcher | undefined {
  if (text.trim() === '') return undefined;
  const terms = splitTerms(text).map((term) => {
    const match = /^([^=!]+)(!=|==|=)(.*)$/s.exec(term);
    if (!match) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
    const [, field = '', operator = '', value = ''] = match;
    if (!offered.includes(field)) throw badRequest(refusalOf(field, offered, isCustom));
    return { field, wanted: operator !== '!=', value: value.replaceAll(/\\([\\,=])/g, '$1') };
  });
  return (object) => terms.every(({ field, wanted, value }) => (fieldText(object, field) === value) === wanted);
}

/** Built-in kinds without fields of their own say which there are. */
function refusalOf(field: string, offered: readonly string[], isCustom: boolean): string {
  if (isCustom || offered.length > 2) return `field label not supported: ${field}`;
  return `${JSON.stringify(field)} is not a known field selector: only ${offered.map((one) => JSON.stringify(one)).join(', ')}`;
}

/** The name a selector asks for, when it asks for exactly one: such lists and watches touch one object. */
export function selectedName(text: string): string | undefined {
  return /^metadata\.name==?([^,=!\\]+)$/.exec(text)?.[1];
}

/** The text of the field at a dotted path; `''` where there is none, as a real server compares. */
export function fieldText(object: JsonObject, path: string): string {
  let value: unknown = object;
  for (const step of path.split('.')) value = isObject(value) ? value[step] : undefined;
  return value === undefined || value === null ? '' : String(value);
}

/** At commas that are not escaped. */
function splitTerms(text: string): string[] {
  return (text.match(/(?:\\.|[^,\\])+/g) ?? []).filter((term) => term !== '');
}
