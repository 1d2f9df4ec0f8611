/**
 * From CustomResourceDefinitions to kinds: a definition is served from the moment it is written and says so
 * in its conditions a moment later; a deleted one takes its objects with it.
 */
import type { Json, JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import { trackUpdate } from '../ownership/managed-fields.ts';
import { customKinds } from '../resources/custom-resource.ts';
import type { ResourceKind } from '../resources/resource-kind.ts';
import type { Entry } from '../store/object-store.ts';
import { formatTime, type ServerContext } from '../verbs/context.ts';
import { BACKGROUND_DELETE, DEFINITION_CLEANUP, deleteObject } from '../verbs/delete.ts';
import { orderObject } from '../verbs/object-order.ts';
import { isFinished } from '../verbs/update.ts';
import { DeferredQueue } from './deferred-queue.ts';

const DEFINITIONS = 'apiextensions.k8s.io/customresourcedefinitions';

export class DefinitionLifecycle {
  readonly #context: ServerContext;
  readonly #queue: DeferredQueue;
  readonly #unsubscribe: () => void;
  /** `<group>/<plural>` → the definition's name, to see when the last object of a deleted one has gone. */
  readonly #definitions = new Map<string, string>();

  constructor(context: ServerContext) {
    this.#context = context;
    const { timers, logger, store } = context;
    this.#queue = new DeferredQueue({ timers, logger, onKey: (name) => this.#look(name) });
    for (const entry of store.list(DEFINITIONS)) this.#serve(entry);
    this.#unsubscribe = store.subscribe('*', ({ kind, entry }) => {
      if (entry.resource === DEFINITIONS) {
        if (kind === 'deleted') this.#withdraw(entry);
        else this.#serve(entry);
      } else if (kind === 'deleted') {
        const definition = this.#definitions.get(entry.resource);
        if (definition !== undefined) this.#queue.add(definition);
      }
    });
  }

  stop(): void {
    this.#unsubscribe();
    this.#queue.stop();
  }

  #serve(entry: Entry): void {
    const kinds = customKinds(entry.object, this.#context.schemas.objectMeta);
    const stored = kinds[0]?.storedAs;
    // A name that another definition of the group has taken is not served twice.
    if (stored !== undefined && !this.#clash(entry, kinds)) {
      this.#definitions.set(stored, entry.name);
      this.#context.registry.setCustom(entry.name, kinds);
    }
    this.#queue.add(entry.name);
  }

  #withdraw(entry: Entry): void {
    for (const [stored, name] of this.#definitions) if (name === entry.name) this.#definitions.delete(stored);
    this.#context.registry.removeCustom(entry.name);
  }

  #look(name: string): void {
    const entry = this.#context.store.get(DEFINITIONS, '', name);
    if (!entry) return;
    if (isMarked(entry)) this.#cleanUp(entry);
    else this.#establish(entry);
  }

  /** Names accepted and established, or why not. */
  #establish(entry: Entry): void {
    const kinds = customKinds(entry.object, this.#context.schemas.objectMeta);
    const clash = this.#clash(entry, kinds);
    const status = objectAt(entry.object, 'status');
    const isDone =
      conditionStatus(status, 'Established') === 'True' &&
      JSON.stringify(status['acceptedNames']) === JSON.stringify(objectAt(entry.object, 'spec')['names']);
    if (isDone || (clash !== undefined && conditionStatus(status, 'NamesAccepted') === 'False')) return;
    const names = clash === undefined ? objectAt(objectAt(entry.object, 'spec'), 'names') : { plural: '', kind: '' };
    this.#write(entry, { status: { ...status, conditions: this.#conditions(clash), acceptedNames: names } });
  }

  #conditions(clash: string | undefined): Json[] {
    const lastTransitionTime = formatTime(this.#context.clock.wallTime());
    if (clash !== undefined) {
      return [
        { type: 'NamesAccepted', status: 'False', lastTransitionTime, reason: 'KindConflict', message: clash },
        { type: 'Established', status: 'False', lastTransitionTime, reason: 'NotAccepted', message: 'not all names are accepted' },
      ];
    }
    return [
      { type: 'NamesAccepted', status: 'True', lastTransitionTime, reason: 'NoConflicts', message: 'no conflicts found' },
      { type: 'Established', status: 'True', lastTransitionTime, reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' },
    ];
  }

  #cleanUp(entry: Entry): void {
    const { store } = this.#context;
    const kinds = customKinds(entry.object, this.#context.schemas.objectMeta);
    const kind = kinds[0];
    let left = 0;
    for (const object of kind ? store.list(kind.storedAs) : []) {
      if (kind && !deleteObject(this.#context, kind, object, BACKGROUND_DELETE).isGone) left += 1;
    }
    if (left > 0) return;
    const metadata = objectAt(entry.object, 'metadata');
    const finalizers = listAt(metadata, 'finalizers').filter((one) => one !== DEFINITION_CLEANUP);
    this.#write(entry, { metadata: { ...metadata, finalizers } });
  }

  #write(entry: Entry, changes: JsonObject): void {
    const object = orderObject({ ...entry.object, ...changes }, false);
    if (changes['status'] !== undefined) this.#own(entry, object);
    if (isFinished(object)) this.#context.store.remove(entry);
    else this.#context.store.put(DEFINITIONS, '', entry.name, object);
  }

  /** The server owns what it says in a status, as any other writer. */
  #own(entry: Entry, object: JsonObject): void {
    const { registry, clock } = this.#context;
    const kind = registry.storedKind(DEFINITIONS);
    if (!kind) return;
    object['metadata'] = { ...objectAt(object, 'metadata') };
    const timestamp = formatTime(clock.wallTime());
    trackUpdate(entry.object, object, kind.schema, { manager: 'kube-apiserver', apiVersion: kind.apiVersion, subresource: 'status', timestamp });
  }

  /** Why the kinds cannot be served beside those that are. */
  #clash(entry: Entry, kinds: readonly ResourceKind[]): string | undefined {
    for (const other of this.#context.registry.kinds()) {
      const isOwn = other.custom && this.#definitions.get(other.storedAs) === entry.name;
      const taken = kinds.find((kind) => kind.group === other.group && (kind.kind === other.kind || kind.plural === other.plural));
      if (!isOwn && taken) return `"${taken.kind}" is already in use in group ${taken.group}`;
    }
    return undefined;
  }
}

function isMarked(entry: Entry): boolean {
  return textAt(objectAt(entry.object, 'metadata'), 'deletionTimestamp') !== '';
}

function conditionStatus(status: JsonObject, type: string): string {
  const found = listAt(status, 'conditions').find((one) => isObject(one) && one['type'] === type);
  return isObject(found) ? textAt(found, 'status') : '';
}
