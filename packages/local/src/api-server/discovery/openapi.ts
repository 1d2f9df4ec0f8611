/**
 * OpenAPI v3 documents, one per group version: as much as kubectl reads for validation, `explain`, `apply`
 * and `edit`. That is the schemas, and for each path the operations with their kind and query parameters.
 */
import type { Clock } from '@sluice/kernel';
import type { Json, JsonObject } from '../json.ts';
import { isObject, objectAt } from '../json.ts';
import type { Registry } from '../resources/registry.ts';
import type { ResourceKind } from '../resources/resource-kind.ts';
import type { BuiltinSchemas } from '../schema/builtin-schemas.ts';
import { makeDocument, type Document } from './discovery.ts';

const REF_PREFIX = '#/components/schemas/';
const OBJECT_META = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';
const WRITE_PARAMETERS: Json[] = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => ({
  name,
  in: 'query',
  schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true },
}));

export class OpenApi {
  readonly #registry: Registry;
  readonly #schemas: BuiltinSchemas;
  readonly #clock: Clock;
  #revision = -1;
  #changedAt = 0;
  #documents = new Map<string, Document>();

  constructor(registry: Registry, schemas: BuiltinSchemas, clock: Clock) {
    this.#clock = clock;
    this.#registry = registry;
    this.#schemas = schemas;
  }

  /** `/openapi/v3`: where each group version's document is, by its hash, and since when it says so, in ms since the epoch. */
  index(): { readonly text: string; readonly changedAt: number } {
    const paths: JsonObject = {};
    for (const root of this.#roots()) {
      const hash = this.#document(root).etag.replaceAll('"', '');
      paths[root] = { serverRelativeURL: `/openapi/v3/${root}?hash=${hash}` };
    }
    return { text: JSON.stringify({ paths }), changedAt: this.#changedAt };
  }

  /** The document of `api/v1` or `apis/<group>/<version>`, or undefined. */
  document(root: string): Document | undefined {
    return this.#roots().includes(root) ? this.#document(root) : undefined;
  }

  #roots(): string[] {
    return [...new Set(this.#registry.kinds().map(rootOf))];
  }

  #document(root: string): Document {
    if (this.#revision !== this.#registry.revision) {
      this.#revision = this.#registry.revision;
      this.#changedAt = this.#clock.wallTime();
      this.#documents = new Map();
    }
    let document = this.#documents.get(root);
    if (!document) {
      document = makeDocument(JSON.stringify(this.#make(root)));
      this.#documents.set(root, document);
    }
    return document;
  }

  #make(root: string): JsonObject {
    const paths: JsonObject = {};
    const schemas: JsonObject = {};
    for (const kind of this.#registry.kinds().filter((one) => rootOf(one) === root)) {
      const name = this.#addSchema(kind, schemas);
      const collection = `/${root}${kind.namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}`;
      paths[collection] = operations(kind, name, { get: 'list', post: 'post', delete: 'deletecollection' });
      paths[`${collection}/{name}`] = operations(kind, name, { get: 'get', put: 'put', patch: 'patch', delete: 'delete' });
      if (kind.hasStatus) paths[`${collection}/{name}/status`] = operations(kind, name, { get: 'get', put: 'put', patch: 'patch' });
    }
    return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.32' }, paths, components: { schemas } };
  }

  #addSchema(kind: ResourceKind, into: JsonObject): string {
    if (!kind.custom) {
      const name = this.#schemas.nameOf(kind.group, kind.version, kind.kind);
      this.#addDefinition(name, into);
      return name;
    }
    this.#addDefinition(OBJECT_META, into);
    const name = `${kind.group.split('.').toReversed().join('.')}.${kind.version}.${kind.kind}`;
    const { raw } = kind.schema;
    into[name] = {
      ...raw,
      type: 'object',
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        ...objectAt(raw, 'properties'),
        metadata: { allOf: [{ $ref: REF_PREFIX + OBJECT_META }] },
      },
      'x-kubernetes-group-version-kind': [gvkOf(kind)],
    };
    return name;
  }

  /** A definition and everything it refers to. */
  #addDefinition(name: string, into: JsonObject): void {
    const definition = this.#schemas.definitions[name];
    if (into[name] !== undefined || definition === undefined) return;
    into[name] = definition;
    for (const reference of referencesIn(definition)) this.#addDefinition(reference.slice(REF_PREFIX.length), into);
  }
}

function rootOf(kind: ResourceKind): string {
  return kind.group === '' ? `api/${kind.version}` : `apis/${kind.group}/${kind.version}`;
}

function operations(kind: ResourceKind, schema: string, actions: Readonly<Record<string, string>>): JsonObject {
  const item: JsonObject = {};
  const content = { 'application/json': { schema: { $ref: REF_PREFIX + schema } } };
  for (const [method, action] of Object.entries(actions)) {
    const operation: JsonObject = {
      responses: { 200: { description: 'OK', content } },
      'x-kubernetes-action': action,
      'x-kubernetes-group-version-kind': gvkOf(kind),
    };
    if (method !== 'get') operation['parameters'] = WRITE_PARAMETERS;
    item[method] = operation;
  }
  return item;
}

function gvkOf(kind: ResourceKind): JsonObject {
  return { group: kind.group, kind: kind.kind, version: kind.version };
}

function referencesIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  const own = typeof value['$ref'] === 'string' ? [value['$ref']] : [];
  return [...own, ...Object.values(value).flatMap(referencesIn)];
}
