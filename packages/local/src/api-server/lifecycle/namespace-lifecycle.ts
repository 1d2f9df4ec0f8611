/** A deleted namespace is emptied first, and goes when nothing is left in it. */
import { cloneJson, equalJson, listAt, objectAt, textAt } from '../json.ts';
import type { Entry } from '../store/object-store.ts';
import type { ServerContext } from '../verbs/context.ts';
import { formatTime } from '../verbs/context.ts';
import { BACKGROUND_DELETE, deleteObject } from '../verbs/delete.ts';
import { randomUid } from '../verbs/random-names.ts';
import { isFinished } from '../verbs/update.ts';
import { DeferredQueue } from './deferred-queue.ts';
import { terminationConditions } from './termination-conditions.ts';

const NAMESPACES = '/namespaces';
/** The namespaces every server has. */
const STANDARD = ['default', 'kube-system'];

export class NamespaceLifecycle {
  readonly #context: ServerContext;
  readonly #queue: DeferredQueue;
  readonly #unsubscribe: () => void;

  constructor(context: ServerContext) {
    this.#context = context;
    const { timers, logger, store } = context;
    this.#queue = new DeferredQueue({ timers, logger, onKey: (name) => this.#empty(name) });
    this.#unsubscribe = store.subscribe('*', ({ kind, entry }) => {
      if (entry.resource === NAMESPACES) {
        if (kind !== 'deleted' && isTerminating(entry)) this.#queue.add(entry.name);
      } else if (kind === 'deleted' && entry.namespace !== '') {
        const namespace = store.get(NAMESPACES, '', entry.namespace);
        if (namespace && isTerminating(namespace)) this.#queue.add(entry.namespace);
      }
    });
    for (const entry of store.list(NAMESPACES)) if (isTerminating(entry)) this.#queue.add(entry.name);
  }

  stop(): void {
    this.#unsubscribe();
    this.#queue.stop();
  }

  #empty(name: string): void {
    const { store, registry } = this.#context;
    const left: Entry[] = [];
    for (const resource of store.resources()) {
      const kind = registry.storedKind(resource);
      if (!kind) continue;
      for (const entry of kind.namespaced ? store.list(resource, name) : []) {
        if (!deleteObject(this.#context, kind, entry, BACKGROUND_DELETE).isGone) left.push(entry);
      }
    }
    const namespace = store.get(NAMESPACES, '', name);
    if (!namespace) return;
    if (left.length > 0) {
      this.#tell(namespace, left);
      return;
    }
    const finalizers = listAt(objectAt(namespace.object, 'spec'), 'finalizers');
    // Somebody else may still hold it; writing again and again would only wake this up again.
    if (!finalizers.includes('kubernetes')) return;
    const others = finalizers.filter((one) => one !== 'kubernetes');
    const object = { ...namespace.object, spec: others.length > 0 ? { finalizers: others } : {} };
    if (isFinished(object)) store.remove(namespace);
    else store.put(NAMESPACES, '', name, object);
  }
  /** Says in the namespace what it still waits for. */
  #tell(namespace: Entry, left: readonly Entry[]): void {
    const status = objectAt(namespace.object, 'status');
    const timestamp = formatTime(this.#context.clock.wallTime());
    const conditions = terminationConditions(left, listAt(status, 'conditions'), timestamp);
    if (equalJson(conditions, listAt(status, 'conditions'))) return;
    this.#context.store.put(NAMESPACES, '', namespace.name, { ...cloneJson(namespace.object), status: { ...status, conditions } });
  }
}

/** Makes the namespaces that clients rely on, on a fresh store. */
export function createStandardNamespaces(context: ServerContext): void {
  for (const name of STANDARD) {
    if (context.store.get(NAMESPACES, '', name)) continue;
    context.store.put(NAMESPACES, '', name, {
      kind: 'Namespace',
      apiVersion: 'v1',
      metadata: {
        name,
        uid: randomUid(context.random),
        resourceVersion: '',
        creationTimestamp: formatTime(context.clock.wallTime()),
        labels: { 'kubernetes.io/metadata.name': name },
      },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  }
}

function isTerminating(entry: Entry): boolean {
  return textAt(objectAt(entry.object, 'metadata'), 'deletionTimestamp') !== '';
}
