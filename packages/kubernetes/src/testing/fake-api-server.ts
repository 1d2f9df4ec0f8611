/**
 * An API server in memory, for tests of what talks to one: versions, generations, conflicts, lists with
 * pages, watches from a version, status and scale apart from the rest, garbage collection by owner. It
 * speaks the wire form through `Transport`, so the real client is what is under test.
 *
 * It is not a faithful server: no schemas, no admission, strategic merge as merge patch, and apply without
 * ownership of fields. Where these count, use the embedded server of `@sluice/local`.
 */
import type { Clock } from '@sluice/kernel';
import { formatTime } from '../conditions.ts';
import type { KubernetesObject } from '../object.ts';
import { objectKey } from '../object.ts';
import { apiVersionOf, type ResourceKind } from '../resource-kind.ts';
import type { ApiRequest, ApiResponse, Transport } from '../transport.ts';
import { failure, json, notFound, statusObject } from './fake-answers.ts';
import { mask, same, sameContent, scaleOf, withoutEmptyMaps, type WithStatus } from './fake-objects.ts';
import { applyPatch } from './fake-patch.ts';
import { keyOf, readTarget, selector, type Target } from './fake-request.ts';
import { PushedBody } from './pushed-body.ts';

/** One request that changed something, or tried to. */
export interface RecordedWrite {
  readonly method: ApiRequest['method'];
  /** Without the query. */
  readonly path: string;
  readonly body: unknown;
}

interface LoggedEvent {
  readonly version: number;
  readonly kind: ResourceKind;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubernetesObject;
}

interface OpenWatch {
  readonly kind: ResourceKind;
  readonly matches: (object: KubernetesObject) => boolean;
  readonly body: PushedBody;
}

/** What `fail` makes of the next requests. */
export interface Fault {
  readonly status: number;
  readonly reason?: string;
  readonly retryAfterSeconds?: number;
}

export class FakeApiServer implements Transport {
  /** Every write since the last `writes.length = 0`, in order. */
  readonly writes: RecordedWrite[] = [];
  /** Every request, as `METHOD /path?query`. */
  readonly requests: string[] = [];
  readonly #clock: Clock;
  readonly #kinds: readonly ResourceKind[];
  readonly #objects = new Map<ResourceKind, Map<string, KubernetesObject>>();
  readonly #log: LoggedEvent[] = [];
  readonly #watches = new Set<OpenWatch>();
  readonly #faults: (Fault | 'disconnect')[] = [];
  #version = 100;
  #compacted = 0;
  #uids = 0;

  constructor(options: { readonly kinds: readonly ResourceKind[]; readonly clock: Clock }) {
    this.#kinds = options.kinds;
    this.#clock = options.clock;
  }

  /**
   * Puts objects in, or in place of those with the same name, as another client would: watches see it, `writes`
   * does not. A status stays where none is given.
   */
  put<T extends KubernetesObject>(...objects: readonly T[]): void {
    for (const object of objects) {
      const kind = this.#kindOf(object);
      const before: WithStatus | undefined = this.#collection(kind).get(objectKey(object));
      const next: WithStatus = structuredClone(object);
      this.#keep(kind, before?.status === undefined ? next : { status: before.status, ...next }, before, true);
    }
  }

  /** Deletes as another client would, dependents included. */
  remove<T extends KubernetesObject>(kind: ResourceKind<T>, key: string): void {
    const object = this.#collection(kind).get(key);
    if (object) this.#delete(kind, object);
  }

  list<T extends KubernetesObject>(kind: ResourceKind<T>): T[] {
    return [...this.#collection(kind).values()] as T[];
  }

  find<T extends KubernetesObject>(kind: ResourceKind<T>, key: string): T | undefined {
    return this.#collection(kind).get(key) as T | undefined;
  }

  /** How many watches are open. */
  get watches(): number {
    return this.#watches.size;
  }

  /** The next requests are answered so, one each; `disconnect` gives no answer at all. */
  fail(...faults: readonly (Fault | 'disconnect')[]): void {
    this.#faults.push(...faults);
  }

  /** Breaks all watches off, in the middle of an event when `partial` is given. */
  cutWatches(partial = ''): void {
    for (const { body } of this.#watches) {
      body.push(partial);
      body.fail(new Error('socket hang up'));
    }
    this.#watches.clear();
  }

  /** Forgets history: watches from an older version get 410. Those that are open are told so too. */
  compact(): void {
    this.#compacted = this.#version;
    this.#log.length = 0;
  }

  /** Watches stay open, but nothing arrives on them any more: a peer that vanished without a word. */
  silenceWatches(): void {
    this.#watches.clear();
  }

  /** Sends a bookmark at the present version on every watch. */
  bookmark(): void {
    for (const { kind, body } of this.#watches) {
      const object = {
        apiVersion: apiVersionOf(kind),
        kind: kind.kind,
        metadata: { resourceVersion: String(this.#version) },
      };
      body.push(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
    }
  }

  async send(request: ApiRequest): Promise<ApiResponse> {
    this.requests.push(`${request.method} ${request.path}`);
    const fault = this.#faults.shift();
    if (fault === 'disconnect') throw new Error('connection refused');
    if (fault) return failure(fault.status, fault.reason ?? 'InternalError', 'made to fail', fault.retryAfterSeconds);
    const target = readTarget(request.path, this.#kinds);
    if (!target) return failure(404, 'NotFound', 'the server could not find the requested resource');
    if (request.method === 'GET') return this.#read(request, target);
    const body: unknown = request.body === undefined ? undefined : JSON.parse(request.body);
    this.writes.push({ method: request.method, path: request.path.split('?')[0] ?? '', body });
    switch (request.method) {
      case 'POST':
        return this.#create(target, body as KubernetesObject);
      case 'PUT':
        return this.#update(target, body as KubernetesObject);
      case 'PATCH':
        return this.#patch(target, body, request.headers['content-type'] ?? '');
      case 'DELETE':
        return this.#remove(target);
    }
  }

  #read(request: ApiRequest, target: Target): ApiResponse {
    const { kind, query, namespace } = target;
    if (target.name !== undefined) {
      const object = this.#collection(kind).get(keyOf(target));
      if (!object) return notFound(target.kind.plural, target.name);
      return json(200, target.subresource === 'scale' ? scaleOf(object) : object);
    }
    const matches = selector(query, namespace);
    if (query.get('watch') === 'true') return this.#watch(request, kind, matches);
    const all = this.list(kind).filter(matches);
    const from = Number(query.get('continue') ?? 0);
    const limit = Number(query.get('limit') ?? 0) || all.length;
    const items = all.slice(from, from + limit);
    const next = from + items.length < all.length ? { continue: String(from + items.length) } : {};
    const metadata = { resourceVersion: String(this.#version), ...next };
    return json(200, { apiVersion: apiVersionOf(kind), kind: `${kind.kind}List`, metadata, items });
  }

  #watch(request: ApiRequest, kind: ResourceKind, matches: OpenWatch['matches']): ApiResponse {
    const since = Number(new URLSearchParams(request.path.split('?')[1]).get('resourceVersion') ?? 0);
    const body = new PushedBody(request.signal);
    if (since < this.#compacted) {
      const object = statusObject(410, 'Expired', 'too old resource version');
      body.push(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      body.end();
      return { status: 200, headers: {}, body };
    }
    const watch = { kind, matches, body };
    for (const event of this.#log) if (event.version > since) tell(watch, event);
    this.#watches.add(watch);
    request.signal?.addEventListener('abort', () => this.#watches.delete(watch), { once: true });
    return { status: 200, headers: {}, body };
  }

  #create(target: Target, object: KubernetesObject): ApiResponse {
    const key = objectKey(object);
    if (this.#collection(target.kind).has(key))
      return failure(409, 'AlreadyExists', `${target.kind.plural} "${object.metadata.name}" already exists`);
    const { status: _, ...rest } = object as WithStatus;
    return json(201, this.#keep(target.kind, rest, undefined, false));
  }

  #update(target: Target, object: KubernetesObject): ApiResponse {
    const before = this.#collection(target.kind).get(keyOf(target));
    if (!before) return notFound(target.kind.plural, target.name);
    const { resourceVersion } = object.metadata;
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
      return failure(409, 'Conflict', `the object has been modified; please apply your changes to the latest version`);
    }
    return json(200, this.#keep(target.kind, mask(before, object, target.subresource), before, false));
  }

  #patch(target: Target, patch: unknown, contentType: string): ApiResponse {
    const before = this.#collection(target.kind).get(keyOf(target));
    if (!before && contentType.startsWith('application/apply-patch'))
      return this.#create(target, patch as KubernetesObject);
    if (!before) return notFound(target.kind.plural, target.name);
    const asked = (patch as { metadata?: { resourceVersion?: string } } | undefined)?.metadata?.resourceVersion;
    if (asked !== undefined && asked !== before.metadata.resourceVersion) {
      return failure(409, 'Conflict', 'the object has been modified; please apply your changes to the latest version');
    }
    const view = target.subresource === 'scale' ? scaleOf(before) : before;
    const patched = applyPatch(view, patch, contentType) as KubernetesObject & { spec?: { replicas?: number } };
    const next =
      target.subresource === 'scale'
        ? { ...before, spec: { ...(before as { spec?: object }).spec, replicas: patched.spec?.replicas } }
        : mask(before, patched, target.subresource);
    const kept = this.#keep(target.kind, next, before, false);
    return json(200, target.subresource === 'scale' ? scaleOf(kept) : kept);
  }

  #remove(target: Target): ApiResponse {
    const object = this.#collection(target.kind).get(keyOf(target));
    if (!object) return notFound(target.kind.plural, target.name);
    this.#delete(target.kind, object);
    return json(200, { kind: 'Status', apiVersion: 'v1', status: 'Success' });
  }

  #delete(kind: ResourceKind, object: KubernetesObject): void {
    this.#collection(kind).delete(objectKey(object));
    this.#version += 1;
    const last = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    this.#emit({ version: this.#version, kind, type: 'DELETED', object: last });
    for (const dependentKind of this.#kinds) {
      for (const dependent of this.list(dependentKind)) {
        const owners = dependent.metadata.ownerReferences ?? [];
        if (owners.some((owner) => owner.uid === object.metadata.uid)) this.#delete(dependentKind, dependent);
      }
    }
  }

  /** @param trusted keeps the status and the uid as given, for objects put in by the test */
  #keep(
    kind: ResourceKind,
    next: KubernetesObject,
    before: KubernetesObject | undefined,
    trusted: boolean,
  ): KubernetesObject {
    if (before && !trusted && sameContent(before, next)) return before;
    this.#version += 1;
    const generation = before?.metadata.generation ?? 0;
    const specChanged = !before || !same((before as { spec?: unknown }).spec, (next as { spec?: unknown }).spec);
    this.#uids += before ? 0 : 1;
    const object: KubernetesObject = {
      ...next,
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: {
        ...withoutEmptyMaps(next.metadata),
        uid: before?.metadata.uid ?? (trusted ? next.metadata.uid : undefined) ?? `uid-${this.#uids}`,
        creationTimestamp:
          before?.metadata.creationTimestamp ?? next.metadata.creationTimestamp ?? formatTime(this.#clock.wallTime()),
        generation:
          trusted && next.metadata.generation !== undefined
            ? next.metadata.generation
            : generation + (specChanged ? 1 : 0),
        resourceVersion: String(this.#version),
      },
    };
    this.#collection(kind).set(objectKey(object), object);
    this.#emit({ version: this.#version, kind, type: before ? 'MODIFIED' : 'ADDED', object });
    return object;
  }

  #emit(event: LoggedEvent): void {
    this.#log.push(event);
    for (const watch of this.#watches) tell(watch, event);
  }

  #collection(kind: ResourceKind): Map<string, KubernetesObject> {
    const known = this.#kinds.find((candidate) => candidate.kind === kind.kind && candidate.group === kind.group);
    if (!known) throw new TypeError(`the fake server has no ${kind.plural}`);
    let objects = this.#objects.get(known);
    if (!objects) this.#objects.set(known, (objects = new Map()));
    return objects;
  }

  #kindOf(object: KubernetesObject): ResourceKind {
    const kind = this.#kinds.find(
      (candidate) => candidate.kind === object.kind && apiVersionOf(candidate) === object.apiVersion,
    );
    if (!kind) throw new TypeError(`the fake server has no ${object.apiVersion} ${object.kind}`);
    return kind;
  }
}

function tell(watch: OpenWatch, event: LoggedEvent): void {
  if (watch.kind !== event.kind || !watch.matches(event.object)) return;
  watch.body.push(`${JSON.stringify({ type: event.type, object: event.object })}\n`);
}
