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

/** Where a value stands, in the two ways messages say it: `spec.containers[0].image` and `Container.spec.containers.image`. */
interface Place {
  readonly path: string;
  /** The type whose fields are read. */
  readonly struct: string;
  /** The path without positions and keys of maps. */
  readonly plain: string;
  /** The field that holds the value, after its type. */
  readonly field: string;
}

interface Findings {
  readonly unknown: string[];
  problem: string | undefined;
}

/** @param kind what the object should be, for messages; @param meta the schema of metadata, which is the same for every kind */
export function decodeObject(input: JsonObject, kind: string, schema: SchemaNode, meta: SchemaNode): Decoded {
  const findings: Findings = { unknown: [], problem: undefined };
  const value: JsonObject = {};
  for (const [name, child] of Object.entries(input)) {
    if (name === 'apiVersion' || name === 'kind') setKey(value, name, child);
    else if (name === 'metadata') {
      const decoded = decode(child, meta, { path: 'metadata', struct: 'ObjectMeta', plain: 'metadata', field: `${kind}.metadata` }, findings);
      if (decoded !== undefined) value['metadata'] = decoded;
    } else decodeField(value, name, child, schema, { path: '', struct: kind, plain: '' }, findings);
  }
  return { value, unknown: findings.unknown, problem: findings.problem };
}

function decode(input: Json, schema: SchemaNode, place: Place, findings: Findings): Json | undefined {
  if (input === null) return schema.isBuiltin && !schema.keepsUnknown ? undefined : null;
  checkType(input, schema, place.field, findings);
  if (Array.isArray(input)) {
    const items = schema.items;
    const values: Json[] = [];
    for (const [index, item] of input.entries()) {
      const struct = shortName(items.typeName) || place.struct;
      const value = decode(item, items, { ...place, struct, path: `${place.path}[${index}]` }, findings);
      // A typed list has no holes: a null becomes the empty value of its type.
      values.push(value === undefined ? {} : value);
    }
    return values;
  }
  if (!isObject(input)) return input;
  const value: JsonObject = {};
  for (const [name, child] of Object.entries(input)) decodeField(value, name, child, schema, place, findings);
  return value;
}

function decodeField(
  into: JsonObject,
  name: string,
  input: Json,
  schema: SchemaNode,
  parent: Omit<Place, 'field'> & { readonly field?: string },
  findings: Findings,
): void {
  const path = parent.path === '' ? name : `${parent.path}.${name}`;
  const child = schema.child(name);
  if (!child) {
    if (schema.keepsUnknown || isPartOfEmbedded(schema, name)) setKey(into, name, input);
    else findings.unknown.push(path);
    return;
  }
  const value = decode(input, child, placeOf(parent, name, path, schema, child), findings);
  if (value !== undefined) setKey(into, name, value);
}

/** The keys of a map are no fields: a value of it stands where the map stands. */
function placeOf(parent: Omit<Place, 'field'> & { readonly field?: string }, name: string, path: string, schema: SchemaNode, child: SchemaNode): Place {
  const isKey = !schema.fields.includes(name);
  const plain = isKey ? parent.plain : parent.plain === '' ? name : `${parent.plain}.${name}`;
  const field = isKey ? (parent.field ?? plain) : `${parent.struct}.${plain}`;
  return { path, plain, field, struct: shortName(child.typeName) || parent.struct };
}

/** `io.k8s.api.apps.v1.DeploymentSpec` → `DeploymentSpec`. */
function shortName(typeName: string): string {
  return typeName.slice(typeName.lastIndexOf('.') + 1);
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
    const rest = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(.*)$/.exec(input)?.[1] ?? input;
    return `parsing time ${JSON.stringify(input)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse ${JSON.stringify(rest)} as ".000000"`;
  }
  if (schema.typeName === TIME && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(input)) {
    return `parsing time ${JSON.stringify(input)} as "2006-01-02T15:04:05Z07:00"`;
  }
  if (schema.raw['format'] === 'byte' && !/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(input.replaceAll(/[\r\n]/g, ''))) {
    return `illegal base64 data at input byte ${firstBadByte(input)}`;
  }
  return undefined;
}

/** Where base64 text stops being some: at a strange character, or where its last group of four is cut short. */
function firstBadByte(input: string): number {
  const text = input.replaceAll(/[\r\n]/g, '');
  const strange = text.search(/[^A-Za-z0-9+/=]/);
  if (strange >= 0) return strange;
  const padding = text.indexOf('=');
  return padding >= 0 && padding % 4 < 2 ? padding : text.length - (text.length % 4 === 0 ? 1 : 0);
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
