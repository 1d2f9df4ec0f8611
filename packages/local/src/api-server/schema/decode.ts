/**
 * Reads an object that came from outside by its schema: fields nobody knows are dropped and named, nulls
 * that mean nothing are dropped, and for built-in kinds a value of the wrong type is refused, as a typed
 * server cannot even hold it.
 */
import type { Json, JsonObject } from '../json.ts';
import { isObject, setKey } from '../json.ts';
import type { SchemaNode } from './schema-node.ts';

export interface Decoded {
  readonly value: JsonObject;
  /** Paths of the dropped fields: `spec.containers[0].imagee`. */
  readonly unknown: readonly string[];
  /** Why the value cannot be read at all: `json: cannot unmarshal …`. */
  readonly problem: string | undefined;
}

interface Findings {
  readonly unknown: string[];
  problem: string | undefined;
}

/** @param meta the schema of metadata, which is the same for every kind */
export function decodeObject(input: JsonObject, schema: SchemaNode, meta: SchemaNode): Decoded {
  const findings: Findings = { unknown: [], problem: undefined };
  const value: JsonObject = {};
  for (const [name, child] of Object.entries(input)) {
    if (name === 'apiVersion' || name === 'kind') setKey(value, name, child);
    else if (name === 'metadata') {
      const decoded = decode(child, meta, 'metadata', findings);
      if (decoded !== undefined) value['metadata'] = decoded;
    } else decodeField(value, name, child, schema, '', findings);
  }
  return { value, unknown: findings.unknown, problem: findings.problem };
}

function decode(input: Json, schema: SchemaNode, path: string, findings: Findings): Json | undefined {
  if (input === null) return schema.isBuiltin && !schema.keepsUnknown ? undefined : null;
  checkType(input, schema, path, findings);
  if (Array.isArray(input)) {
    const items = schema.items;
    const values: Json[] = [];
    for (const [index, item] of input.entries()) {
      const value = decode(item, items, `${path}[${index}]`, findings);
      // A typed list has no holes: a null becomes the empty value of its type.
      values.push(value === undefined ? {} : value);
    }
    return values;
  }
  if (!isObject(input)) return input;
  const value: JsonObject = {};
  for (const [name, child] of Object.entries(input)) decodeField(value, name, child, schema, path, findings);
  return value;
}

function decodeField(
  into: JsonObject,
  name: string,
  input: Json,
  schema: SchemaNode,
  parent: string,
  findings: Findings,
): void {
  const path = parent === '' ? name : `${parent}.${name}`;
  const child = schema.child(name);
  if (!child) {
    if (schema.keepsUnknown || isPartOfEmbedded(schema, name)) setKey(into, name, input);
    else findings.unknown.push(path);
    return;
  }
  const value = decode(input, child, path, findings);
  if (value !== undefined) setKey(into, name, value);
}

function isPartOfEmbedded(schema: SchemaNode, name: string): boolean {
  return schema.isEmbeddedResource && (name === 'apiVersion' || name === 'kind' || name === 'metadata');
}

/** Only for built-in kinds: a custom object of the wrong shape is a matter of validation. */
function checkType(input: Json, schema: SchemaNode, path: string, findings: Findings): void {
  if (!schema.isBuiltin || findings.problem !== undefined) return;
  const type = schema.type;
  if (type === undefined || schema.isIntOrString) return;
  const found = typeName(input);
  if (typeof input === 'string' && type === 'string') {
    findings.problem = checkText(input, schema);
    return;
  }
  const fits = type === 'integer' || type === 'number' ? found === 'number' : found === GO_TYPES[type];
  if (fits) {
    if (type === 'integer' && !Number.isInteger(input)) {
      findings.problem = `json: cannot unmarshal number ${String(input)} into Go struct field ${path} of type ${goTypeOf(schema)}`;
    }
    return;
  }
  findings.problem = `json: cannot unmarshal ${found} into Go struct field ${path} of type ${goTypeOf(schema)}`;
}

const MICRO_TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime';
const TIME = 'io.k8s.apimachinery.pkg.apis.meta.v1.Time';

/** Texts that a typed server turns into something else: times and bytes. */
function checkText(input: string, schema: SchemaNode): string | undefined {
  // Exactly six digits, unlike what JavaScript writes by itself: leases of careless clients fail here as on a cluster.
  if (schema.typeName === MICRO_TIME && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/.test(input)) {
    return `parsing time ${JSON.stringify(input)} as "2006-01-02T15:04:05.000000Z07:00": six digits of fraction are needed`;
  }
  if (schema.typeName === TIME && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(input)) {
    return `parsing time ${JSON.stringify(input)} as "2006-01-02T15:04:05Z07:00"`;
  }
  if (schema.raw['format'] === 'byte' && !/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(input.replaceAll(/[\r\n]/g, ''))) {
    return 'illegal base64 data';
  }
  return undefined;
}

const GO_TYPES: Readonly<Record<string, string>> = {
  object: 'object',
  array: 'array',
  string: 'string',
  boolean: 'bool',
};

function goTypeOf(schema: SchemaNode): string {
  const format = schema.raw['format'];
  if (schema.type === 'integer') return typeof format === 'string' ? format : 'int64';
  if (schema.type === 'boolean') return 'bool';
  return schema.type ?? 'value';
}

function typeName(value: Json): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}
