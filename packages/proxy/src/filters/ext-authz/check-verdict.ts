/** What a service answers, whatever it speaks, and what follows for the heads. */
import { isFieldName, isFieldValue, type HeaderBlock, type RequestHead } from '@sluice/http';
import type { Struct } from '@sluice/resources';

export type CheckVerdict =
  | { readonly kind: 'allowed'; readonly changes: AllowedChanges }
  | { readonly kind: 'denied'; readonly status: number; readonly headers: readonly HeaderChange[]; readonly body: string; readonly metadata: Struct | undefined }
  | { readonly kind: 'failed'; readonly reason: string };

/** What becomes of a request that may pass. */
export interface AllowedChanges {
  readonly removed: readonly string[];
  readonly upstream: readonly HeaderChange[];
  /** For the client. */
  readonly response: readonly HeaderChange[];
  readonly queryToSet: readonly (readonly [name: string, value: string])[];
  readonly queryToRemove: readonly string[];
  readonly metadata: Struct | undefined;
}

export interface HeaderChange {
  /** Lower case. */
  readonly name: string;
  readonly value: string;
  readonly how: ChangeKind;
}

export type ChangeKind = 'append' | 'add-if-absent' | 'set' | 'overwrite-if-exists';

/** They frame or address a message; a service has no say in them. */
const fixed = new Set(['host', 'content-length', 'transfer-encoding', 'connection']);

/** Whether it would break the message. */
export function isBroken({ name, value }: HeaderChange): boolean {
  return !isFieldName(name) || !isFieldValue(value);
}

/** Changes that would break the message are left out. */
export function applyChanges(head: HeaderBlock, changes: readonly HeaderChange[]): void {
  for (const change of changes) {
    const { name, value, how } = change;
    if (isBroken(change) || fixed.has(name)) continue;
    if (how === 'append') head.add(name, value);
    else if (how === 'set' || head.has(name) === (how === 'overwrite-if-exists')) head.set(name, value);
  }
}

/** Headers and parameters towards the upstream. True when anything of the request was to change. */
export function changeRequest(request: RequestHead, { removed, upstream, queryToSet, queryToRemove }: AllowedChanges): boolean {
  for (const name of removed) if (!fixed.has(name) && !name.startsWith(':')) request.remove(name);
  applyChanges(request, upstream);
  if (queryToSet.length > 0 || queryToRemove.length > 0) changeQuery(request, queryToSet, queryToRemove);
  return removed.length > 0 || upstream.length > 0 || queryToSet.length > 0 || queryToRemove.length > 0;
}

function changeQuery(request: RequestHead, toSet: AllowedChanges['queryToSet'], toRemove: readonly string[]): void {
  const at = request.path.indexOf('?');
  const parameters = new URLSearchParams(at === -1 ? '' : request.path.slice(at + 1));
  for (const [name, value] of toSet) parameters.set(name, value);
  for (const name of toRemove) parameters.delete(name);
  const query = parameters.toString();
  const path = at === -1 ? request.path : request.path.slice(0, at);
  request.path = query === '' ? path : `${path}?${query}`;
}
