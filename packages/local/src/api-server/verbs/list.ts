/** Reading one object, and lists in pages. */
import type { JsonObject } from '../json.ts';
import type { AnswerForm } from '../request/negotiation.ts';
import { readInteger, readResourceVersion } from '../request/write-options.ts';
import type { ResourceKind } from '../resources/resource-kind.ts';
import { StatusError, badRequest, expired, invalid, notAcceptableForList, type Cause } from '../status-error.ts';
import { compareEntries, type Entry } from '../store/object-store.ts';
import { formatTable, partialMetadata, type IncludeObject } from '../tables/table.ts';
import { textOf, viewOf, type ServerContext } from './context.ts';
import { readSelection, type Selection } from './selection.ts';

/** How long a list at a version of the future is waited for, in ms (apiserver's cacher). */
const FUTURE_VERSION_WAIT_MS = 3000;

interface Page {
  readonly entries: readonly Entry[];
  readonly resourceVersion: number;
  readonly next: string;
  readonly remaining: number | undefined;
}

/** Where the next page begins: at which version, after which object. */
interface ContinueToken {
  /** -1: at whatever version is present, for those whose snapshot was compacted. */
  readonly version: number;
  readonly after: { readonly namespace: string; readonly name: string };
}

/** One object in the form that was asked for, as text. */
export function formatOne(context: ServerContext, kind: ResourceKind, entry: Entry, form: AnswerForm, query: URLSearchParams): string {
  if (form.kind === 'object') return textOf(entry, kind);
  const object = viewOf(entry, kind);
  if (form.kind === 'metadata') return JSON.stringify(partialMetadata(object, form.version));
  return JSON.stringify(
    formatTable([object], { resourceVersion: String(entry.resourceVersion) }, tableOptions(context, kind, form, query)),
  );
}

export function tableOptions(
  context: ServerContext,
  kind: ResourceKind,
  form: AnswerForm & { kind: 'table' },
  query: URLSearchParams,
): { columns: ResourceKind['columns']; include: IncludeObject; version: string; wallTime: number } {
  const stated = query.get('includeObject');
  const include: IncludeObject = stated === 'None' || stated === 'Object' ? stated : 'Metadata';
  return { columns: kind.columns, include, version: form.version, wallTime: context.clock.wallTime() };
}

/** A list in the form that was asked for, as text. @throws StatusError 400, 410, 504 */
export async function listObjects(
  context: ServerContext,
  kind: ResourceKind,
  namespace: string | undefined,
  form: AnswerForm,
  query: URLSearchParams,
): Promise<string> {
  if (form.kind === 'metadata' && !form.isList) {
    throw notAcceptableForList('PartialObjectMetadata', `${kind.custom ? 'unstructured.Unstructured' : kind.group === '' ? 'core.' : `${kind.group.split('.')[0] ?? ''}.`}${kind.custom ? 'List' : kind.listKind}`);
  }
  const selection = readSelection(kind, namespace, query);
  const page = await readPage(context, kind, selection, query);
  const metadata: JsonObject = { resourceVersion: String(page.resourceVersion) };
  if (page.next !== '') metadata['continue'] = page.next;
  if (page.remaining !== undefined) metadata['remainingItemCount'] = page.remaining;
  switch (form.kind) {
    case 'table': {
      const objects = page.entries.map((entry) => viewOf(entry, kind));
      return JSON.stringify(formatTable(objects, metadata, tableOptions(context, kind, form, query)));
    }
    case 'metadata': {
      const items = page.entries.map((entry) => partialMetadata(viewOf(entry, kind), form.version));
      const apiVersion = `meta.k8s.io/${form.version}`;
      return JSON.stringify({ kind: 'PartialObjectMetadataList', apiVersion, metadata, items });
    }
    case 'object':
      return formatList(kind, page.entries, metadata);
  }
}

/** Put together from the objects' own texts, so that a large list is not serialised again. */
export function formatList(kind: ResourceKind, entries: readonly Entry[], metadata: JsonObject): string {
  const { apiVersion, listKind } = kind;
  if (kind.custom) {
    const items = entries.map((entry) => textOf(entry, kind)).join(',');
    const sorted = JSON.stringify({ continue: '', ...metadata });
    return `{"apiVersion":${JSON.stringify(apiVersion)},"items":[${items}],"kind":${JSON.stringify(listKind)},"metadata":${sorted}}`;
  }
  // Items of built-in kinds leave out kind and apiVersion: the list says them.
  const prefix = `{"kind":${JSON.stringify(kind.kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
  const items = entries.map((entry) => {
    const text = textOf(entry, kind);
    return text.startsWith(prefix) ? `{${text.slice(prefix.length)}` : text;
  });
  const head = `{"kind":${JSON.stringify(listKind)},"apiVersion":${JSON.stringify(apiVersion)}`;
  return `${head},"metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}`;
}

async function readPage(context: ServerContext, kind: ResourceKind, selection: Selection, query: URLSearchParams): Promise<Page> {
  const limit = readInteger(query, 'limit') ?? 0;
  const token = readToken(query.get('continue') ?? '');
  const stated = readResourceVersion(query);
  if (token && stated !== undefined && stated !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  const match = query.get('resourceVersionMatch') ?? '';
  checkMatch(match, stated, token !== undefined);
  await waitForVersion(context, stated ?? 0);
  const { all, version } = readSnapshot(context, kind, selection, token, match === 'Exact' ? stated : undefined);
  const after = token ? all.filter((entry) => compareEntries(entry, token.after) > 0) : all;
  const found = selection.isNarrowed ? after.filter((entry) => selection.matches(viewOf(entry, kind))) : after;
  // From the cache (`resourceVersion=0`) a real server answers whole.
  if (limit <= 0 || found.length <= limit || (stated === 0 && match === '')) {
    return { entries: found, resourceVersion: version, next: '', remaining: undefined };
  }
  const entries = found.slice(0, limit);
  const last = entries.at(-1) as Entry;
  return {
    entries,
    resourceVersion: version,
    next: writeToken({ version, after: last }),
    remaining: selection.isNarrowed ? undefined : found.length - limit,
  };
}

/** Which ways to match a version go together with which version (apimachinery's `ValidateListOptions`). @throws StatusError 422 */
function checkMatch(match: string, version: number | undefined, isContinued: boolean): void {
  if (match === '') return;
  const causes: Cause[] = [];
  const forbid = (why: string): void => {
    causes.push({ reason: 'FieldValueForbidden', message: `Forbidden: resourceVersionMatch ${why}`, field: 'resourceVersionMatch' });
  };
  if (version === undefined) forbid('is forbidden unless resourceVersion is provided');
  if (isContinued) forbid('is forbidden when continue is provided');
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    const message = `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`;
    causes.push({ reason: 'FieldValueNotSupported', message, field: 'resourceVersionMatch' });
  }
  if (match === 'Exact' && version === 0) forbid('"exact" is forbidden for resourceVersion "0"');
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, causes);
}

function readSnapshot(
  context: ServerContext,
  kind: ResourceKind,
  selection: Selection,
  token: ContinueToken | undefined,
  exact: number | undefined,
): { all: readonly Entry[]; version: number } {
  const { store } = context;
  const wanted = token ? token.version : (exact ?? -1);
  if (wanted < 0 || wanted === store.resourceVersion) {
    const { namespace, name } = selection;
    if (name !== undefined && (namespace !== undefined || !kind.namespaced)) {
      const entry = store.get(kind.storedAs, namespace ?? '', name);
      return { all: entry ? [entry] : [], version: store.resourceVersion };
    }
    return { all: store.list(kind.storedAs, namespace), version: store.resourceVersion };
  }
  const all = store.listAt(kind.storedAs, selection.namespace, wanted);
  if (all) return { all, version: wanted };
  if (!token) throw expired('The resourceVersion for the provided list is too old.');
  throw expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    { continue: writeToken({ version: -1, after: token.after }) },
  );
}

async function waitForVersion(context: ServerContext, version: number): Promise<void> {
  const { store } = context;
  if (version <= store.resourceVersion) return;
  await new Promise<void>((resolve) => {
    const timer = context.timers.after(FUTURE_VERSION_WAIT_MS, done);
    const unsubscribe = store.subscribe('*', (change) => {
      if (change.resourceVersion >= version) done();
    });
    function done(): void {
      timer.cancel();
      unsubscribe();
      resolve();
    }
  });
  if (version <= store.resourceVersion) return;
  const message = `Too large resource version: ${version}, current: ${store.resourceVersion}`;
  throw new StatusError(504, 'Timeout', `Timeout: ${message}`, {
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
    headers: { 'retry-after': '1' },
  });
}

function writeToken({ version, after }: ContinueToken): string {
  const json = JSON.stringify({ v: 'meta.k8s.io/v1', rv: version, start: `${after.namespace}/${after.name}` });
  return Buffer.from(json).toString('base64url');
}

function readToken(text: string): ContinueToken | undefined {
  if (text === '') return undefined;
  let token: unknown;
  try {
    token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch (error) {
    throw badRequest(`invalid continue token: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof token !== 'object' || token === null || !('rv' in token) || !('start' in token)) {
    throw badRequest('invalid continue token: it was not made by this server');
  }
  const [namespace = '', name = ''] = String(token.start).split('/');
  return { version: Number(token.rv), after: { namespace, name } };
}
