/** The verbs of the API for one kind of object. */
import { ApiError, isNotFound, isStatus } from './api-error.ts';
import type { ApiSender } from './api-sender.ts';
import type { KubernetesObject, ObjectList, ObjectReference } from './object.ts';
import type { Scale } from './objects/workload.ts';
import type { Patch } from './patch.ts';
import { LineSplitter } from './response-body.ts';
import { apiVersionOf, resourcePath, type ResourceKind } from './resource-kind.ts';

export interface ListOptions {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  /** `app=hello,tier in (a, b)`. */
  readonly labelSelector?: string;
  /** `metadata.name=hello`. */
  readonly fieldSelector?: string;
  /** The most objects in one answer. Absent: all. */
  readonly limit?: number;
  /** The `continue` of the page before. */
  readonly continue?: string;
  /** `0` allows an answer from the server's cache; absent asks for the newest. */
  readonly resourceVersion?: string;
  readonly signal?: AbortSignal;
}

export interface WatchOptions<T extends KubernetesObject> extends Omit<ListOptions, 'limit' | 'continue'> {
  /** The server ends the watch after this long, in seconds. Absent: when it likes. */
  readonly timeoutSeconds?: number;
  /** Ask for events that carry nothing but a newer version. Default true. */
  readonly bookmarks?: boolean;
  /** Called in order, as events come. What it throws ends the watch and is passed on. */
  readonly onEvent: (event: WatchEvent<T>) => void;
  /** Called once, when the server has accepted the watch. */
  readonly onOpen?: () => void;
}

/** A bookmark's object has a `metadata.resourceVersion` and nothing else that counts. */
export interface WatchEvent<T extends KubernetesObject = KubernetesObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: T;
}

export interface WriteOptions {
  /** `status` or another subresource. Absent: the object itself. */
  readonly subresource?: string;
  /** Do all but keep it. */
  readonly dryRun?: boolean;
  /** Default: the client's. */
  readonly fieldManager?: string;
  /** What becomes of fields that the kind does not have: `Strict` refuses them. Absent: the server drops them and warns. */
  readonly fieldValidation?: 'Strict' | 'Warn' | 'Ignore';
}

export interface ApplyOptions extends WriteOptions {
  /** Take fields over from other managers instead of failing with a conflict. Default true, as for controllers. */
  readonly force?: boolean;
}

export interface DeleteOptions {
  /** What becomes of dependents. Default `Background`: they go after the owner. */
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  /** 0 removes a pod at once. Absent: the object's own. */
  readonly gracePeriodSeconds?: number;
  /** Delete only this very object, not a later one of the same name. */
  readonly uid?: string;
}

export class ResourceClient<T extends KubernetesObject> {
  readonly kind: ResourceKind<T>;
  readonly #client: ApiSender;

  constructor(client: ApiSender, kind: ResourceKind<T>) {
    this.#client = client;
    this.kind = kind;
  }

  /** @throws ApiError with 404 when there is none */
  async get(reference: ObjectReference): Promise<T> {
    return (await this.#client.json({ method: 'GET', path: resourcePath(this.kind, reference) })) as T;
  }

  /** As `get`, with undefined for "there is none". */
  async find(reference: ObjectReference): Promise<T | undefined> {
    try {
      return await this.get(reference);
    } catch (reason) {
      if (isNotFound(reason)) return undefined;
      throw reason;
    }
  }

  async list(options: ListOptions = {}): Promise<ObjectList<T>> {
    const path = withQuery(resourcePath(this.kind, { namespace: options.namespace }), listQuery(options));
    const request = { method: 'GET', path } as const;
    const answer = await this.#client.json(options.signal ? { ...request, signal: options.signal } : request);
    return completeItems(answer as ObjectList<T>, this.kind);
  }

  /**
   * Tells changes until the server ends the watch, which is when the promise fulfils.
   * @throws ApiError also for an ERROR event in mid-stream; 410 means: list again
   */
  async watch(options: WatchOptions<T>): Promise<void> {
    const query = listQuery(options);
    query.set('watch', 'true');
    if (options.bookmarks !== false) query.set('allowWatchBookmarks', 'true');
    if (options.timeoutSeconds !== undefined) query.set('timeoutSeconds', String(options.timeoutSeconds));
    const path = withQuery(resourcePath(this.kind, { namespace: options.namespace }), query);
    const request = { method: 'GET', path, headers: { accept: 'application/json' }, streaming: true } as const;
    const response = await this.#client.send(options.signal ? { ...request, signal: options.signal } : request);
    options.onOpen?.();
    const lines = new LineSplitter();
    for await (const bytes of response.body) {
      for (const line of lines.push(bytes)) options.onEvent(readEvent<T>(line, `watch ${path}`));
    }
  }

  /** @throws ApiError with reason AlreadyExists when the name is taken */
  async create(object: T, options: WriteOptions = {}): Promise<T> {
    const path = resourcePath(this.kind, { namespace: object.metadata.namespace });
    return this.#write('POST', path, object, options);
  }

  /** Replaces. With a `resourceVersion` inside, only if nobody changed it since. @throws ApiError 409 otherwise */
  async update(object: T, options: WriteOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata;
    return this.#write(
      'PUT',
      resourcePath(this.kind, { namespace, name, subresource: options.subresource }),
      object,
      options,
    );
  }

  /** Replaces the status and nothing else. */
  async updateStatus(object: T): Promise<T> {
    return this.update(object, { subresource: 'status' });
  }

  async patch(reference: ObjectReference, patch: Patch, options: WriteOptions = {}): Promise<T> {
    const path = resourcePath(this.kind, { ...reference, subresource: options.subresource });
    return (await this.#client.json({
      method: 'PATCH',
      path: withQuery(path, this.#writeQuery(options)),
      contentType: `application/${patch.type}-patch+json`,
      body: JSON.stringify(patch.type === 'json' ? patch.operations : patch.body),
    })) as T;
  }

  /** Merges `status` into the object's status and touches nothing else. */
  async patchStatus(reference: ObjectReference, status: unknown): Promise<T> {
    return this.patch(reference, { type: 'merge', body: { status } }, { subresource: 'status' });
  }

  /** Server-side apply: `object` is the complete intent of this field manager. Creates what is not there. */
  async apply(object: T, options: ApplyOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata;
    const query = this.#writeQuery(options);
    query.set('force', String(options.force ?? true));
    return (await this.#client.json({
      method: 'PATCH',
      path: withQuery(resourcePath(this.kind, { namespace, name, subresource: options.subresource }), query),
      contentType: 'application/apply-patch+yaml',
      // JSON is YAML, and every server reads it.
      body: JSON.stringify({ ...object, apiVersion: apiVersionOf(this.kind), kind: this.kind.kind }),
    })) as T;
  }

  /** Fulfils also when there was nothing to delete. */
  async delete(reference: ObjectReference, options: DeleteOptions = {}): Promise<void> {
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: options.propagationPolicy ?? 'Background',
      ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
      ...(options.uid === undefined ? {} : { preconditions: { uid: options.uid } }),
    };
    try {
      await this.#client.json({
        method: 'DELETE',
        path: resourcePath(this.kind, reference),
        body: JSON.stringify(body),
      });
    } catch (reason) {
      if (!isNotFound(reason)) throw reason;
    }
  }

  async getScale(reference: ObjectReference): Promise<Scale> {
    const path = resourcePath(this.kind, { ...reference, subresource: 'scale' });
    return (await this.#client.json({ method: 'GET', path })) as Scale;
  }

  /**
   * Sets the number of replicas wished for, whatever it was; with a `resourceVersion`, only if the object is still that one.
   * @throws ApiError 409 otherwise
   */
  async setScale(reference: ObjectReference, replicas: number, resourceVersion?: string): Promise<Scale> {
    return (await this.#client.json({
      method: 'PATCH',
      path: withQuery(resourcePath(this.kind, { ...reference, subresource: 'scale' }), this.#writeQuery({})),
      contentType: 'application/merge-patch+json',
      body: JSON.stringify({ ...(resourceVersion === undefined ? {} : { metadata: { resourceVersion } }), spec: { replicas } }),
    })) as Scale;
  }

  async #write(method: 'POST' | 'PUT', path: string, object: T, options: WriteOptions): Promise<T> {
    const body = JSON.stringify({ ...object, apiVersion: apiVersionOf(this.kind), kind: this.kind.kind });
    return (await this.#client.json({ method, path: withQuery(path, this.#writeQuery(options)), body })) as T;
  }

  #writeQuery(options: WriteOptions): URLSearchParams {
    const query = new URLSearchParams({ fieldManager: options.fieldManager ?? this.#client.fieldManager });
    if (options.dryRun) query.set('dryRun', 'All');
    if (options.fieldValidation !== undefined) query.set('fieldValidation', options.fieldValidation);
    return query;
  }
}

function listQuery(options: Omit<ListOptions, 'namespace' | 'signal'>): URLSearchParams {
  const query = new URLSearchParams();
  if (options.labelSelector !== undefined) query.set('labelSelector', options.labelSelector);
  if (options.fieldSelector !== undefined) query.set('fieldSelector', options.fieldSelector);
  if (options.limit !== undefined) query.set('limit', String(options.limit));
  if (options.continue !== undefined) query.set('continue', options.continue);
  if (options.resourceVersion !== undefined) query.set('resourceVersion', options.resourceVersion);
  return query;
}

function withQuery(path: string, query: URLSearchParams): string {
  return query.size === 0 ? path : `${path}?${query}`;
}

/** The items of a list come without kind and apiVersion: the list says them once. */
function completeItems<T extends KubernetesObject>(list: ObjectList<T>, kind: ResourceKind<T>): ObjectList<T> {
  const identity = { apiVersion: apiVersionOf(kind), kind: kind.kind };
  return { ...list, items: (list.items ?? []).map((item) => ({ ...item, ...identity })) };
}

function readEvent<T extends KubernetesObject>(line: string, attempted: string): WatchEvent<T> {
  const event = JSON.parse(line) as { type: string; object: unknown };
  if (event.type !== 'ERROR') return event as WatchEvent<T>;
  const status = isStatus(event.object) ? event.object : ({ kind: 'Status', apiVersion: 'v1', code: 500 } as const);
  throw new ApiError(status.code ?? 500, status, attempted);
}
