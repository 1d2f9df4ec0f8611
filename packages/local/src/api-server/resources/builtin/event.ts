/**
 * Event, in its two APIs. `v1` and `events.k8s.io/v1` are two spellings of the same objects; they are kept
 * in the older one, which kubectl reads for `describe`.
 */
import type { JsonObject } from '../../json.ts';
import { isObject, objectAt, textAt } from '../../json.ts';
import { NAME_COLUMN, ageSince, column, type Column } from '../../tables/column.ts';
import type { BuiltinKind } from './kind-template.ts';
import { fallback } from './pod-defaults.ts';

const STORED_AS = '/events';

const CORE_FIELDS = [
  'involvedObject.kind',
  'involvedObject.namespace',
  'involvedObject.name',
  'involvedObject.uid',
  'involvedObject.apiVersion',
  'involvedObject.resourceVersion',
  'involvedObject.fieldPath',
  'reason',
  'reportingComponent',
  'source',
  'type',
];

export const CORE_EVENT: BuiltinKind = {
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  storedAs: STORED_AS,
  selectableFields: CORE_FIELDS,
  columns: eventColumns(),
  rules: {
    complete(event) {
      // Always there, if empty: they came with the newer API.
      fallback(event, 'reportingComponent', '');
      fallback(event, 'reportingInstance', '');
    },
  },
};

export const EVENT: BuiltinKind = {
  group: 'events.k8s.io',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  storedAs: STORED_AS,
  storedVersion: 'v1',
  conversion: { toStored, fromStored },
  selectableFields: CORE_FIELDS.map((field) => field.replace('involvedObject', 'regarding')),
  columns: eventColumns(),
};

/** events.k8s.io name → v1 name. */
const RENAMED: readonly (readonly [string, string])[] = [
  ['note', 'message'],
  ['regarding', 'involvedObject'],
  ['reportingController', 'reportingComponent'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
];

function toStored(event: JsonObject): JsonObject {
  return rename(event, 'v1', RENAMED.map(([newer, older]) => [newer, older]));
}

function fromStored(event: JsonObject): JsonObject {
  return rename(event, 'events.k8s.io/v1', RENAMED.map(([newer, older]) => [older, newer]));
}

function rename(event: JsonObject, apiVersion: string, names: readonly (readonly [string, string])[]): JsonObject {
  const renamed = new Map(names);
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(event)) result[renamed.get(key) ?? key] = value;
  result['apiVersion'] = apiVersion;
  return result;
}

/** Read from the form that is kept, whichever API is asked. */
function eventColumns(): Column[] {
  return [
    column('Last Seen', (event, wallTime) => ageSince(lastSeen(event), wallTime)),
    column('Type', (event) => textAt(event, 'type')),
    column('Reason', (event) => textAt(event, 'reason')),
    column('Object', (event) => objectText(event)),
    column('Subobject', (event) => textAt(involved(event), 'fieldPath'), 1),
    column('Source', (event) => sourceText(event), 1),
    column('Message', (event) => (textAt(event, 'message') || textAt(event, 'note')).trim()),
    column('First Seen', (event, wallTime) => ageSince(firstSeen(event), wallTime), 1),
    column('Count', (event) => countOf(event), 1),
    { ...NAME_COLUMN, priority: 1 },
  ];
}

function involved(event: JsonObject): JsonObject {
  return isObject(event['regarding']) ? event['regarding'] : objectAt(event, 'involvedObject');
}

function objectText(event: JsonObject): string {
  const object = involved(event);
  return `${textAt(object, 'kind').toLowerCase()}/${textAt(object, 'name')}`;
}

function lastSeen(event: JsonObject): string {
  return (
    textAt(objectAt(event, 'series'), 'lastObservedTime') ||
    textAt(event, 'lastTimestamp') ||
    textAt(event, 'deprecatedLastTimestamp') ||
    firstSeen(event)
  );
}

function firstSeen(event: JsonObject): string {
  return (
    textAt(event, 'firstTimestamp') ||
    textAt(event, 'deprecatedFirstTimestamp') ||
    textAt(event, 'eventTime') ||
    textAt(objectAt(event, 'metadata'), 'creationTimestamp')
  );
}

function sourceText(event: JsonObject): string {
  const source = isObject(event['source']) ? event['source'] : objectAt(event, 'deprecatedSource');
  const component = textAt(source, 'component') || textAt(event, 'reportingComponent') || textAt(event, 'reportingController');
  const host = textAt(source, 'host') || textAt(event, 'reportingInstance');
  return host === '' ? component : `${component}, ${host}`;
}

function countOf(event: JsonObject): number {
  const series = objectAt(event, 'series')['count'];
  const count = series ?? event['count'] ?? event['deprecatedCount'];
  return typeof count === 'number' && count > 0 ? count : 1;
}
