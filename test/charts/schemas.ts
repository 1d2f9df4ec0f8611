/**
 * What Kubernetes 1.32 takes of each kind that the charts render: its own OpenAPI v3 schemas, as the embedded server has them, made strict,
 * so that a field nobody knows is a mistake, as `kubectl apply --validate=strict` would say.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';

type Schema = { readonly [key: string]: unknown };

const file = join(import.meta.dirname, '../../packages/local/src/api-server/schema/builtin-schemas.json');
const definitions = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Schema>>;

/** `apps/v1 Deployment` → the name of its definition. */
const kinds = new Map<string, string>(
  Object.entries(definitions).flatMap(([name, schema]) => {
    const named = (schema['x-kubernetes-group-version-kind'] ?? []) as readonly { readonly group: string; readonly version: string; readonly kind: string }[];
    return named.map(({ group, version, kind }) => [`${group === '' ? '' : `${group}/`}${version} ${kind}`, name] as const);
  }),
);

/** `1`, `250m`, `64Mi`: written as a text or as a number. */
const quantity = { anyOf: [{ type: 'number' }, { type: 'string', pattern: '^[+-]?[0-9.]+([eE][+-]?[0-9]+|[KMGTPE]i|[numkMGTPE])?$' }] };

const special: Readonly<Record<string, Schema>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': quantity,
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['integer', 'string'] },
};

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema({ $id: 'kubernetes', components: { schemas: Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, special[name] ?? strict(schema)])) } });
const validators = new Map<string, ValidateFunction>();

/** What is wrong with an object, as `spec/replicas must be integer`. Undefined for a kind that is not Kubernetes' own. */
export function problemsOf(object: { readonly apiVersion?: string | undefined; readonly kind?: string | undefined }): readonly string[] | undefined {
  if (!found.has(object)) found.set(object, lookAt(object));
  return found.get(object);
}

/** What has been looked at: documents of several renders are often the same. */
const found = new WeakMap<object, readonly string[] | undefined>();

function lookAt(object: { readonly apiVersion?: string | undefined; readonly kind?: string | undefined }): readonly string[] | undefined {
  const kind = `${object.apiVersion} ${object.kind}`;
  const definition = kinds.get(kind);
  if (definition === undefined) return undefined;
  let validate = validators.get(kind);
  if (!validate) validators.set(kind, (validate = ajv.compile({ $ref: `kubernetes#/components/schemas/${definition}` })));
  return validate(object) ? [] : (validate.errors ?? []).map(say);
}

function say({ instancePath, message, params }: ErrorObject): string {
  const { additionalProperty } = params as { additionalProperty?: string };
  return `${instancePath.slice(1)} ${message}${additionalProperty === undefined ? '' : `: ${additionalProperty}`}`;
}

/** Closes every object whose fields are named. */
function strict(schema: unknown): Schema {
  return close(schema) as Schema;
}

function close(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== 'object' || value === null) return value;
  const { properties, ...rest } = value as Schema & { properties?: Readonly<Record<string, unknown>> };
  const closed = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, close(inner)]));
  if (properties === undefined || typeof properties !== 'object') return closed;
  const named = Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, close(inner)]));
  return { additionalProperties: false, ...closed, properties: named };
}
