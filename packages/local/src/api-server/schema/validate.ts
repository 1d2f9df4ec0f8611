/**
 * Checks a custom object against its schema: OpenAPI's validations as Kubernetes allows them in
 * structural schemas. Expressions (`x-kubernetes-validations`) are not evaluated.
 */
import type { Json, JsonObject } from '../json.ts';
import { equalJson, isObject, listAt } from '../json.ts';
import type { Cause } from '../status-error.ts';
import type { SchemaNode } from './schema-node.ts';
import { SchemaNode as Node } from './schema-node.ts';

/** All that is wrong, with paths from the object's root. `skip`: top-level fields checked elsewhere. */
export function validateObject(value: JsonObject, schema: SchemaNode, skip: readonly string[]): Cause[] {
  const causes: Cause[] = [];
  for (const name of schema.required) {
    if (!skip.includes(name) && value[name] === undefined) causes.push(required(name));
  }
  for (const [name, child] of Object.entries(value)) {
    const childSchema = schema.child(name);
    if (childSchema && !skip.includes(name)) validate(child, childSchema, name, causes);
  }
  return causes;
}

function validate(value: Json, schema: SchemaNode, path: string, causes: Cause[]): void {
  if (value === null) {
    if (!schema.isNullable && schema.type !== undefined) causes.push(wrongType('null', schema, path));
    return;
  }
  if (!hasType(value, schema)) {
    causes.push(wrongType(typeOf(value), schema, path));
    return;
  }
  validateEnum(value, schema, path, causes);
  validateLogic(value, schema, path, causes);
  if (typeof value === 'string') validateText(value, schema.raw, path, causes);
  else if (typeof value === 'number') validateNumber(value, schema.raw, path, causes);
  else if (Array.isArray(value)) validateList(value, schema, path, causes);
  else if (isObject(value)) validateFields(value, schema, path, causes);
}

function validateFields(value: JsonObject, schema: SchemaNode, path: string, causes: Cause[]): void {
  for (const name of schema.required) {
    if (value[name] === undefined) causes.push(required(`${path}.${name}`));
  }
  const { minProperties, maxProperties } = schema.raw;
  const count = Object.keys(value).length;
  if (typeof maxProperties === 'number' && count > maxProperties) causes.push(tooMany(path, count, maxProperties));
  if (typeof minProperties === 'number' && count < minProperties) {
    causes.push(bad(path, count, `${path} in body should have at least ${minProperties} properties`));
  }
  for (const [name, child] of Object.entries(value)) {
    const childSchema = schema.child(name);
    if (childSchema) validate(child, childSchema, `${path}.${name}`, causes);
  }
}

function validateList(value: Json[], schema: SchemaNode, path: string, causes: Cause[]): void {
  const { minItems, maxItems } = schema.raw;
  if (typeof maxItems === 'number' && value.length > maxItems) causes.push(tooMany(path, value.length, maxItems));
  if (typeof minItems === 'number' && value.length < minItems) {
    causes.push(bad(path, value.length, `${path} in body should have at least ${minItems} items`));
  }
  const items = schema.items;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    validate(item, items, `${path}[${index}]`, causes);
    if (schema.listKind === 'atomic') continue;
    const identity = schema.listKind === 'set' ? item : schema.listKeys.map((key) => (isObject(item) ? (item[key] ?? null) : null));
    const text = JSON.stringify(identity);
    if (seen.has(text)) causes.push({ reason: 'FieldValueDuplicate', message: `Duplicate value: ${text}`, field: `${path}[${index}]` });
    seen.add(text);
  }
}

function validateText(value: string, raw: JsonObject, path: string, causes: Cause[]): void {
  const { minLength, maxLength, pattern } = raw;
  if (typeof maxLength === 'number' && charactersOf(value) > maxLength) {
    causes.push({ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${maxLength} bytes`, field: path });
  }
  if (typeof minLength === 'number' && charactersOf(value) < minLength) {
    causes.push(bad(path, value, `${path} in body should be at least ${minLength} chars long`));
  }
  if (typeof pattern === 'string' && !matches(pattern, value)) {
    causes.push(bad(path, value, `${path} in body should match '${pattern}'`));
  }
}

/** Counted by walking over all of it: only for texts that have a limit. */
function charactersOf(text: string): number {
  let count = 0;
  for (const _character of text) count += 1;
  return count;
}

function validateNumber(value: number, raw: JsonObject, path: string, causes: Cause[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = raw;
  if (typeof minimum === 'number' && (exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    const relation = exclusiveMinimum === true ? 'greater than' : 'greater than or equal to';
    causes.push(bad(path, value, `${path} in body should be ${relation} ${minimum}`));
  }
  if (typeof maximum === 'number' && (exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    const relation = exclusiveMaximum === true ? 'less than' : 'less than or equal to';
    causes.push(bad(path, value, `${path} in body should be ${relation} ${maximum}`));
  }
  if (typeof multipleOf === 'number' && !Number.isInteger(value / multipleOf)) {
    causes.push(bad(path, value, `${path} in body should be a multiple of ${multipleOf}`));
  }
}

function validateEnum(value: Json, schema: SchemaNode, path: string, causes: Cause[]): void {
  const allowed = listAt(schema.raw, 'enum');
  if (allowed.length === 0 || allowed.some((one) => equalJson(one, value))) return;
  const list = allowed.map((one) => JSON.stringify(one)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`;
  causes.push({ reason: 'FieldValueNotSupported', message, field: path });
}

function validateLogic(value: Json, schema: SchemaNode, path: string, causes: Cause[]): void {
  const fits = (raw: Json): boolean => {
    if (!isObject(raw)) return true;
    const found: Cause[] = [];
    validate(value, new Node(raw), path, found);
    return found.length === 0;
  };
  const { allOf, anyOf, oneOf, not } = schema.raw;
  if (Array.isArray(allOf)) {
    for (const raw of allOf) if (isObject(raw)) validate(value, new Node(raw), path, causes);
  }
  if (Array.isArray(anyOf) && !anyOf.some(fits)) {
    causes.push(bad(path, value, `${path} in body must validate at least one schema (anyOf)`));
  }
  if (Array.isArray(oneOf) && oneOf.filter(fits).length !== 1) {
    causes.push(bad(path, value, `${path} in body must validate one and only one schema (oneOf)`));
  }
  if (isObject(not) && fits(not)) causes.push(bad(path, value, `${path} in body must not validate the schema (not)`));
}

function hasType(value: Json, schema: SchemaNode): boolean {
  if (schema.isIntOrString) return typeof value === 'string' || Number.isInteger(value);
  const type = schema.type;
  if (type === undefined) return true;
  const found = typeOf(value);
  if (type === 'number') return found === 'number' || found === 'integer';
  return found === type;
}

function typeOf(value: Json): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    // A pattern in RE2's dialect that JavaScript does not know cannot be checked here.
    return true;
  }
}

function wrongType(found: string, schema: SchemaNode, path: string): Cause {
  const wanted = schema.isIntOrString ? 'integer,string' : (schema.type ?? '');
  const message = `Invalid value: "${found}": ${path} in body must be of type ${wanted}: "${found}"`;
  return { reason: 'FieldValueTypeInvalid', message, field: path };
}

function required(path: string): Cause {
  return { reason: 'FieldValueRequired', message: 'Required value', field: path };
}

function tooMany(path: string, found: number, allowed: number): Cause {
  return { reason: 'FieldValueTooMany', message: `Too many: ${found}: must have at most ${allowed} items`, field: path };
}

function bad(path: string, value: Json, why: string): Cause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field: path };
}
