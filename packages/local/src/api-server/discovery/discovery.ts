/** What there is: groups, versions and resources, in the plain form and in the aggregated one. */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../json.ts';
import type { Registry } from '../resources/registry.ts';
import type { ResourceKind } from '../resources/resource-kind.ts';
import { REVIEWS } from '../verbs/reviews.ts';

const OBJECT_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
/** The same in the order in which a real server lists them for custom kinds. */
const CUSTOM_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const PART_VERBS = ['get', 'patch', 'update'];

export interface Document {
  readonly text: string;
  /** The upper-case SHA-512 of the text, quoted, as kube-apiserver's. */
  readonly etag: string;
}

/** Discovery documents, made again only when the kinds have changed. */
export class Discovery {
  readonly #registry: Registry;
  #revision = -1;
  #aggregated = new Map<'api' | 'apis', Document>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** `/api` and `/apis` in one document each (apidiscovery.k8s.io/v2). */
  aggregated(root: 'api' | 'apis'): Document {
    if (this.#revision !== this.#registry.revision) {
      this.#revision = this.#registry.revision;
      this.#aggregated = new Map();
    }
    let document = this.#aggregated.get(root);
    if (!document) {
      document = makeDocument(JSON.stringify(this.#aggregate(root)));
      this.#aggregated.set(root, document);
    }
    return document;
  }

  /** `/api`. */
  coreVersions(): JsonObject {
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  }

  /** `/apis`. */
  groups(): JsonObject {
    const groups = this.#groupNames().filter((group) => group !== '');
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map((group) => this.#groupFields(group)) };
  }

  /** `/apis/<group>`, or undefined. */
  group(group: string): JsonObject | undefined {
    if (group === '' || !this.#groupNames().includes(group)) return undefined;
    return { kind: 'APIGroup', apiVersion: 'v1', ...this.#groupFields(group) };
  }

  /** `/api/v1` and `/apis/<group>/<version>`, or undefined. */
  resources(group: string, version: string): JsonObject | undefined {
    if (!this.#versions(group).includes(version)) return undefined;
    const groupVersion = group === '' ? version : `${group}/${version}`;
    const list: JsonObject = { kind: 'APIResourceList' };
    if (group !== '') list['apiVersion'] = 'v1';
    const kinds = this.#registry.kinds().filter((kind) => kind.group === group && kind.version === version);
    const resources = kinds.flatMap(plainResources);
    for (const review of REVIEWS.filter((one) => one.group === group)) {
      resources.push({ name: review.plural, singularName: review.singular, namespaced: false, kind: review.kind, verbs: ['create'] });
    }
    return { ...list, groupVersion, resources };
  }

  #aggregate(root: 'api' | 'apis'): JsonObject {
    const groups = this.#groupNames().filter((group) => (root === 'api') === (group === ''));
    const items = groups.map((group) => ({
      metadata: group === '' ? { creationTimestamp: null } : { name: group, creationTimestamp: null },
      versions: this.#versions(group).map((version) => ({
        version,
        resources: this.#aggregatedResources(group, version),
        freshness: 'Current',
      })),
    }));
    return { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {}, items };
  }

  #aggregatedResources(group: string, version: string): Json[] {
    const kinds = this.#registry.kinds().filter((kind) => kind.group === group && kind.version === version);
    const resources: Json[] = kinds.map(aggregatedResource);
    for (const review of REVIEWS.filter((one) => one.group === group)) {
      const responseKind = { group: '', version: '', kind: review.kind };
      resources.push({ resource: review.plural, responseKind, scope: 'Cluster', singularResource: review.singular, verbs: ['create'] });
    }
    return resources;
  }

  #groupNames(): string[] {
    return [...new Set([...this.#registry.kinds().map((kind) => kind.group), ...REVIEWS.map((one) => one.group)])];
  }

  #versions(group: string): string[] {
    const versions = this.#registry.kinds().filter((kind) => kind.group === group).map((kind) => kind.version);
    if (REVIEWS.some((one) => one.group === group)) versions.push('v1');
    return [...new Set(versions)].sort(compareVersions);
  }

  #groupFields(group: string): JsonObject {
    const versions = this.#versions(group).map((version) => ({ groupVersion: `${group}/${version}`, version }));
    return { name: group, versions, preferredVersion: versions[0] ?? null };
  }
}

export function makeDocument(text: string): Document {
  return { text, etag: `"${createHash('sha512').update(text).digest('hex').toUpperCase()}"` };
}

/** Stable versions before beta before alpha, higher numbers first (apimachinery's `version` package). */
function compareVersions(a: string, b: string): number {
  const rank = (version: string): readonly number[] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (!match) return [0, 0, 0];
    const stage = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1;
    return [stage, Number(match[1]), Number(match[3] ?? 0)];
  };
  const [left, right] = [rank(a), rank(b)];
  for (const [index, value] of left.entries()) {
    const difference = (right[index] ?? 0) - value;
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : 1;
}

function plainResources(kind: ResourceKind): JsonObject[] {
  const { plural, singular, namespaced, shortNames, categories } = kind;
  const own: JsonObject = { name: plural, singularName: singular, namespaced, kind: kind.kind, verbs: verbsOf(kind) };
  if (shortNames.length > 0) own['shortNames'] = [...shortNames];
  if (categories.length > 0) own['categories'] = [...categories];
  own['storageVersionHash'] = storageHash(kind);
  const resources: JsonObject[] = [own];
  for (const part of subresources(kind)) {
    const { name, verbs, responseKind } = part;
    const resource: JsonObject = { name: `${plural}/${name}`, singularName: '', namespaced, kind: responseKind.kind, verbs: [...verbs] };
    if (responseKind.group !== kind.group) {
      resource['group'] = responseKind.group;
      resource['version'] = responseKind.version;
    }
    resources.push(resource);
  }
  return resources;
}

function aggregatedResource(kind: ResourceKind): JsonObject {
  const { plural, singular, shortNames, categories } = kind;
  const resource: JsonObject = {
    resource: plural,
    responseKind: ownKind(kind),
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs: verbsOf(kind),
  };
  if (shortNames.length > 0) resource['shortNames'] = [...shortNames];
  if (categories.length > 0) resource['categories'] = [...categories];
  const parts = subresources(kind).map(({ name, responseKind, verbs }) => ({
    subresource: name,
    responseKind: responseKind.kind === kind.kind ? ownKind(kind) : { ...responseKind },
    verbs: [...verbs],
  }));
  if (parts.length > 0) resource['subresources'] = parts;
  return resource;
}

/** Namespaces go one by one: each takes all that is in it along. */
function verbsOf(kind: ResourceKind): string[] {
  if (kind.custom) return CUSTOM_VERBS;
  const isNamespace = kind.group === '' && kind.kind === 'Namespace';
  return isNamespace ? OBJECT_VERBS.filter((verb) => verb !== 'deletecollection') : [...OBJECT_VERBS];
}

/** In the aggregated form a built-in kind leaves out group and version where they are those around it; custom kinds say them. */
function ownKind({ custom, group, version, kind }: ResourceKind): JsonObject {
  return custom ? { group, version, kind } : { group: '', version: '', kind };
}

/** A short mark of the kind that objects are kept in (apiserver's `StorageVersionHash`). */
function storageHash(kind: ResourceKind): string {
  const storedGroup = kind.storedAs.split('/')[0] ?? '';
  const named = `${storedGroup}/${kind.storedVersion.split('/').at(-1) ?? ''}/${kind.kind}`;
  return createHash('sha256').update(named).digest().subarray(0, 8).toString('base64');
}

interface Subresource {
  readonly name: string;
  readonly verbs: readonly string[];
  readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string };
}

function subresources(kind: ResourceKind): Subresource[] {
  const { group, version } = kind;
  const parts: Subresource[] = [];
  if (kind.hasLogs) parts.push({ name: 'log', verbs: ['get'], responseKind: { group, version, kind: kind.kind } });
  if (kind.scale) parts.push({ name: 'scale', verbs: PART_VERBS, responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } });
  if (kind.hasStatus) parts.push({ name: 'status', verbs: PART_VERBS, responseKind: { group, version, kind: kind.kind } });
  if (kind.hasTokens) parts.push({ name: 'token', verbs: ['create'], responseKind: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' } });
  return parts;
}
