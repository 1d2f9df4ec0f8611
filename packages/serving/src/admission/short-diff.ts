/**
 * How two objects differ, as Knative prints it where something must not change: each place in Go's words, and what stood and
 * stands there.
 * https://github.com/knative/pkg/blob/main/kmp/reporters.go
 */
import { parseQuantity } from '../resources/quantity.ts';

/** Fields of a pod stand one step deeper in Go than in JSON. */
const ownFields = new Set(['containerConcurrency', 'timeoutSeconds', 'responseStartTimeoutSeconds', 'idleTimeoutSeconds']);

/** Where Go's name of a field is not its JSON name with a capital. */
const goNames: Readonly<Record<string, string>> = {
  dnsConfig: 'DNSConfig',
  dnsPolicy: 'DNSPolicy',
  downwardAPI: 'DownwardAPI',
  fsGroup: 'FSGroup',
  grpc: 'GRPC',
  hostIP: 'HostIP',
  httpGet: 'HTTPGet',
  httpHeaders: 'HTTPHeaders',
  metadata: 'ObjectMeta',
  tcpSocket: 'TCPSocket',
  tty: 'TTY',
  uid: 'UID',
};

/** Fields that Go points to, and says so before the place. */
const pointers = new Set([
  ...ownFields,
  'allowPrivilegeEscalation',
  'automountServiceAccountToken',
  'enableServiceLinks',
  'fsGroup',
  'privileged',
  'readOnlyRootFilesystem',
  'runAsGroup',
  'runAsNonRoot',
  'runAsUser',
  'runtimeClassName',
  'shareProcessNamespace',
  'terminationGracePeriodSeconds',
]);

/** Members whose keys are names of the user's, and not fields. */
const maps = new Set(['annotations', 'labels', 'limits', 'nodeSelector', 'requests']);

type Json = Readonly<Record<string, unknown>>;

/** Empty when both say the same. */
export function diffRevisionSpec(before: unknown, after: unknown): string {
  return diffSpec('{v1.RevisionSpec}', before, after);
}

/** Empty when both say the same. */
export function diffTemplate(before: unknown, after: unknown): string {
  const root = '{*v1.RevisionTemplateSpec}';
  const [a, b] = [asRecord(before), asRecord(after)];
  return diff(`${root}.ObjectMeta`, a['metadata'], b['metadata'], 'metadata') + diffSpec(`${root}.Spec`, a['spec'], b['spec']);
}

function diffSpec(path: string, before: unknown, after: unknown): string {
  const [a, b] = [asRecord(before), asRecord(after)];
  return keysOf(a, b)
    .map((key) => diff(`${path}${ownFields.has(key) ? '' : '.PodSpec'}.${goName(key)}`, a[key], b[key], key))
    .join('');
}

/** @param key of the member that stands at `path` */
function diff(path: string, before: unknown, after: unknown, key: string): string {
  if (isEmpty(before) && isEmpty(after)) return '';
  if (isRecord(before ?? after) && isRecord(after ?? before)) {
    const [a, b] = [asRecord(before), asRecord(after)];
    const step = (inner: string) => (maps.has(key) ? `[${JSON.stringify(inner)}]` : `.${goName(inner)}`);
    const inOne = keysOf(a, b).map((inner) => diff(path + step(inner), a[inner], b[inner], key === 'limits' || key === 'requests' ? 'quantity' : inner));
    return inOne.join('');
  }
  if (Array.isArray(before ?? []) && Array.isArray(after ?? []) && (Array.isArray(before) || Array.isArray(after))) {
    const [a, b] = [(before ?? []) as readonly unknown[], (after ?? []) as readonly unknown[]];
    const indexes = [...Array(Math.max(a.length, b.length)).keys()];
    return indexes.map((index) => diff(`${path}[${stepOf(index, a.length, b.length)}]`, a[index], b[index], '')).join('');
  }
  if (isSameLeaf(before, after, key)) return '';
  const told = (sign: string, value: unknown) => (value === undefined ? '' : `\t${sign}: "${print(value)}"\n`);
  return `${pointers.has(key) ? '*' : ''}${path}:\n${told('-', before)}${told('+', after)}`;
}

/** An element that only one list has is told with the place in that list. */
function stepOf(index: number, before: number, after: number): string {
  if (index >= before) return `?->${index}`;
  return index >= after ? `${index}->?` : String(index);
}

function isSameLeaf(before: unknown, after: unknown, key: string): boolean {
  if (before === after) return true;
  // `1` and `1000m` are the same amount.
  return key === 'quantity' && before !== undefined && after !== undefined && parseQuantity(String(before)) === parseQuantity(String(after));
}

/** What Go leaves out when it writes. */
function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

function print(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function goName(key: string): string {
  return goNames[key] ?? key.charAt(0).toUpperCase() + key.slice(1);
}

function keysOf(a: Json, b: Json): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])];
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asRecord(value: unknown): Json {
  return isRecord(value) ? value : {};
}
