/** Watching a collection: what exists, then every change, as lines of JSON. */
import type { Lull } from '../../lull/lull.ts';
import type { JsonObject } from '../json.ts';
import { objectAt } from '../json.ts';
import type { TextStream } from '../exchange.ts';
import type { AnswerForm } from '../request/negotiation.ts';
import { readInteger, readResourceVersion } from '../request/write-options.ts';
import type { ResourceKind } from '../resources/resource-kind.ts';
import { expired, type StatusError } from '../status-error.ts';
import type { Change, Entry } from '../store/object-store.ts';
import { formatTable, partialMetadata } from '../tables/table.ts';
import type { ServerContext } from './context.ts';
import { textOf, viewOf } from './context.ts';
import { tableOptions } from './list.ts';
import { readSelection, type Selection } from './selection.ts';
import { TextQueue } from './text-queue.ts';

/** A watch without a limit of its own ends after 30 to 60 minutes, as kube-apiserver's (`min-request-timeout`). */
const TIMEOUT_MIN_SECONDS = 1800;
/** A bookmark comes this long before the end, so that the next watch need not start far back. */
const LAST_BOOKMARK_MS = 2000;

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** All watches that are open, so that a stopping server can end them. */
export class WatchHub {
  readonly #open = new Set<TextQueue>();

  get count(): number {
    return this.#open.size;
  }

  add(queue: TextQueue): void {
    this.#open.add(queue);
  }

  remove(queue: TextQueue): void {
    this.#open.delete(queue);
  }

  endAll(): void {
    for (const queue of this.#open) queue.end();
  }
}

/** @throws StatusError 400 on bad selectors or numbers; a version that is too old is an event, not an error */
export function watchObjects(
  context: ServerContext,
  hub: WatchHub,
  kind: ResourceKind,
  namespace: string | undefined,
  form: AnswerForm,
  query: URLSearchParams,
  userAgent: string,
): TextStream {
  const selection = readSelection(kind, namespace, query);
  const since = readResourceVersion(query);
  const timeoutSeconds = readInteger(query, 'timeoutSeconds');
  const lull = context.patience?.isPatient(userAgent) === true ? context.patience.lull : undefined;
  return new Watch({ context, hub, kind, form, query, selection, since, timeoutSeconds, lull }).queue;
}

interface WatchOptions {
  readonly context: ServerContext;
  readonly hub: WatchHub;
  readonly kind: ResourceKind;
  readonly form: AnswerForm;
  readonly query: URLSearchParams;
  readonly selection: Selection;
  readonly since: number | undefined;
  readonly timeoutSeconds: number | undefined;
  /** Nothing is told while it lasts. */
  readonly lull: Lull | undefined;
}

class Watch {
  readonly queue: TextQueue;
  readonly #options: WatchOptions;
  readonly #formKey: string;
  readonly #cancels: (() => void)[] = [];
  #hasColumns = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    const { form, kind, hub, query, lull } = options;
    // Lines are shared between watches that would write the same.
    this.#formKey = `${kind.apiVersion} ${form.kind} ${form.kind === 'object' ? '' : form.version} ${query.get('includeObject') ?? ''}`;
    this.queue = new TextQueue(() => {
      hub.remove(this.queue);
      for (const cancel of this.#cancels) cancel();
    }, lull);
    hub.add(this.queue);
    this.#start();
  }

  #start(): void {
    const { context, kind, since, query } = this.#options;
    const { store } = context;
    const sendsInitial = query.get('sendInitialEvents') === 'true';
    if (since === undefined || since === 0 || sendsInitial) this.#sendPresent(sendsInitial);
    else {
      const past = since > store.resourceVersion ? undefined : store.changesSince(kind.storedAs, since);
      if (!past) {
        // Also for versions of the future, which exist after state was lost: the client must list anew.
        this.#fail(expired(`too old resource version: ${since} (${store.oldestResourceVersion})`));
        return;
      }
      for (const change of past) this.#onChange(change);
    }
    this.#cancels.push(store.subscribe(kind.storedAs, (change) => this.#onChange(change)));
    this.#startTimers();
  }

  #startTimers(): void {
    const { context, query, timeoutSeconds } = this.#options;
    const { timers, limits, random } = context;
    const seconds = timeoutSeconds ?? TIMEOUT_MIN_SECONDS * (1 + random.next());
    const end = timers.after(seconds * 1000, () => this.queue.end());
    this.#cancels.push(() => end.cancel());
    if (query.get('allowWatchBookmarks') !== 'true') return;
    const regular = timers.every(limits.bookmarkPeriodMs, () => this.#sendBookmark(false));
    this.#cancels.push(() => regular.cancel());
    if (seconds * 1000 <= LAST_BOOKMARK_MS) return;
    const last = timers.after(seconds * 1000 - LAST_BOOKMARK_MS, () => this.#sendBookmark(false));
    this.#cancels.push(() => last.cancel());
  }

  #sendPresent(marksEnd: boolean): void {
    const { context, kind, selection } = this.#options;
    for (const entry of context.store.list(kind.storedAs, selection.namespace)) {
      if (this.#passes(entry)) this.#send('ADDED', entry, undefined);
    }
    if (marksEnd) this.#sendBookmark(true);
  }

  #onChange(change: Change): void {
    const isNow = change.kind !== 'deleted' && this.#passes(change.entry);
    const wasBefore = change.previous !== undefined && this.#passes(change.previous);
    if (isNow) this.#send(wasBefore ? 'MODIFIED' : 'ADDED', change.entry, change);
    else if (wasBefore) this.#send('DELETED', change.kind === 'deleted' ? change.entry : lastSeen(change), change);
  }

  #passes(entry: Entry): boolean {
    const { selection, kind } = this.#options;
    if (selection.namespace !== undefined && entry.namespace !== selection.namespace) return false;
    if (selection.name !== undefined && entry.name !== selection.name) return false;
    return !selection.isNarrowed || selection.matches(viewOf(entry, kind));
  }

  #send(type: EventType, entry: Entry, change: Change | undefined): void {
    // The first table of a watch says the columns, the others do not, so it is a line of its own.
    const isFirstTable = this.#options.form.kind === 'table' && !this.#hasColumns;
    const key = `${type} ${this.#formKey}`;
    const shared = isFirstTable ? undefined : change?.lines.get(key);
    const line = shared ?? `{"type":"${type}","object":${this.#format(entry, isFirstTable)}}\n`;
    if (isFirstTable) this.#hasColumns = true;
    else if (!shared) change?.lines.set(key, line);
    this.queue.push(line);
  }

  #format(entry: Entry, withColumns: boolean): string {
    const { context, kind, form, query } = this.#options;
    if (form.kind === 'object') return textOf(entry, kind);
    const object = viewOf(entry, kind);
    if (form.kind === 'metadata') return JSON.stringify(partialMetadata(object, form.version));
    const metadata = { resourceVersion: String(entry.resourceVersion) };
    const table = formatTable([object], metadata, tableOptions(context, kind, form, query));
    if (!withColumns) table['columnDefinitions'] = null;
    return JSON.stringify(table);
  }

  #sendBookmark(isInitialEnd: boolean): void {
    const { context, kind } = this.#options;
    const metadata: JsonObject = { resourceVersion: String(context.store.resourceVersion), creationTimestamp: null };
    if (isInitialEnd) metadata['annotations'] = { 'k8s.io/initial-events-end': 'true' };
    const object: JsonObject = { kind: kind.kind, apiVersion: kind.apiVersion, metadata };
    this.queue.push(`{"type":"BOOKMARK","object":${JSON.stringify(object)}}\n`);
  }

  #fail(error: StatusError): void {
    this.queue.push(`{"type":"ERROR","object":${JSON.stringify(error.status())}}\n`);
    this.queue.end();
  }
}

/** What left the selector, as it was before, under the version of the change that made it leave. */
function lastSeen(change: Change): Entry {
  const previous = change.previous as Entry;
  const metadata = { ...objectAt(previous.object, 'metadata'), resourceVersion: String(change.resourceVersion) };
  const object = { ...previous.object, metadata };
  return { ...previous, resourceVersion: change.resourceVersion, object, text: JSON.stringify(object) };
}
