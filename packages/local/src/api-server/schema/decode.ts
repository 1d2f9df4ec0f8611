/**
 * Reads an object that came from outside by its schema: fields nobody knows are dropped and named, nulls
 * that mean nothing are dropped, and for built-in kinds a value of the wrong type is refused, as a typed
 * server cannot even hold it.
 */
import type { Json, JsonObject } from '../json.ts';
import { cloneJson, isObject, setKey } from '../json.ts';
import type { SchemaNode } from './schema-node.ts';

export interface Decoded {
  readonly value: JsonObject;
  /** Paths of the dropped fields: `spec.containers[0].imagee`. */
  readonly unknown: readonly string[];
  /** Why the value cannot be read at all: `json: cannot unmarshal …`. */
  readonly problem: string | undefined;
}

/** Where a value stands. Put into words only where something is wrong. */
interface Place {
  readonly parent: Place | undefined;
  /** A field, a key of a map or a position in a list; at the root, the kind. */
  readonly step: string | number;
  /** Of the value. */
  readonly schema: SchemaNode;
}

interface Findings {
  readonly unknown: string[];
  problem: string | undefined;
}

/**
 * The value shares nothing with `input`.
 * @param kind what the object should be, for messages @param meta the schema of metadata, which is the same for every kind
 */
export function decodeObject(input: JsonObject, kind: string, schema: SchemaNode, meta: SchemaNode): Decoded {
  const findings: Findings = { unknown: [], problem: undefined };
  const value: JsonObject = {};
  const root: Place = { parent: undefined, step: kind, schema };
  for (const [name, child] of Object.entries(input)) {
    if (name === 'apiVersion' || name === 'kind') setKey(value, name, cloneJson(child));
    else if (name === 'metadata') {
      const decoded = decode(child, { parent: root, step: name, schema: meta }, findings);
      if (decoded !== undefined) value['metadata'] = decoded;
    } else decodeField(value, name, child, root, findings);
  }
  return { value, unknown: findings.unknown, problem: findings.problem };
}

function decode(input: Json, place: Place, findings: Findings): Json | undefined {
  const { schema } = place;
  if (input === null) return schema.isBuiltin && !schema.keepsUnknown ? undefined : null;
  checkType(input, place, findings);
  if (Array.isArray(input)) {
    const items = schema.items;
    // A typed list has no holes: a null becomes the empty value of its type.
    return input.map((item, index) => {
      const value = decode(item, { parent: place, step: index, schema: items }, findings);
      return value === undefined ? {} : value;
    });
  }
  if (!isObject(input)) return input;
  const value: JsonObject = {};
  for (const name of Object.keys(input)) decodeField(value, name, input[name] as Json, place, findings);
  return value;
}

function decodeField(into: JsonObject, name: string, input: Json, parent: Place, findings: Findings): void {
  const { schema } = parent;
  const child = schema.child(name);
  if (!child) {
    if (schema.keepsUnknown || isPartOfEmbedded(schema, name)) setKey(into, name, cloneJson(input));
    else findings.unknown.push(pathOf({ parent, step: name, schema }));
    return;
  }
  const value = decode(input, { parent, step: name, schema: child }, findings);
  if (value !== undefined) setKey(into, name, value);
}

/** `spec.containers[0].image` */
function pathOf({ parent, step }: Place): string {
  if (!parent) return '';
  const before = pathOf(parent);
  if (typeof step === 'number') return `${before}[${step}]`;
  return before === '' ? step : `${before}.${step}`;
}

/** The path without positions and keys of maps: `spec.containers.image`. */
function plainPathOf(place: Place): string {
  const { parent, step } = place;
  if (!parent) return '';
  const before = plainPathOf(parent);
  if (typeof step === 'number' || isKey(place)) return before;
  return before === '' ? step : `${before}.${step}`;
}

/** The field that holds a value, after its type: `Container.spec.containers.image`. */
function fieldOf(place: Place): string {
  const { parent, step } = place;
  if (!parent) return '';
  if (typeof step === 'number' || isKey(place)) return fieldOf(parent);
  return `${structOf(parent)}.${plainPathOf(place)}`;
}

/** The type whose fields are read: that of the value, or of what it is in. */
function structOf({ parent, step, schema }: Place): string {
  if (!parent) return String(step);
  if (!parent.parent && step === 'metadata') return 'ObjectMeta';
  return shortName(schema.typeName) || structOf(parent);
}

/** The keys of a map are no fields: a value of it stands where the map stands. */
function isKey({ parent, step }: Place): boolean {
  return parent !== undefined && typeof step === 'string' && !(parent.schema.hasField(step) || (!parent.parent && step === 'metadata'));
}

/** `io.k8s.api.apps.v1.DeploymentSpec` → `DeploymentSpec`. */
function shortName(typeName: string): string {
  return typeName.slice(typeName.lastIndexOf('.') + 1);
}

function isPartOfEmbedded(schema: SchemaNode, name: string): boolean {
  return schema.isEmbeddedResource && (name === 'apiVersion' || name === 'kind' || name === 'metadata');
}

/** Only for built-in kinds: a custom object of the wrong shape is a matter of validation. */
function checkType(input: Json, place: Place, findings: Findings): void {
  const { schema } = place;
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
      findings.problem = `json: cannot unmarshal number ${String(input)} into Go struct field ${fieldOf(place)} of type ${goTypeOf(schema)}`;
    }
    return;
  }
  findings.problem = `json: cannot unmarshal ${found} into Go struct field ${fieldOf(place)} of type ${goTypeOf(schema)}`;
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
