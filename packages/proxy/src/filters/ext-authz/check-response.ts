/**
 * `envoy.service.auth.v3.CheckResponse` off the wire. The numbers are those of
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/auth/v3/external_auth.proto
 */
import type { Buffer } from 'node:buffer';
import type { Struct } from '@sluice/resources';
import { readFields } from '../../grpc/proto-reader.ts';
import { readStruct } from '../../grpc/proto-struct.ts';
import type { AllowedChanges, ChangeKind, CheckVerdict, HeaderChange } from './check-verdict.ts';

const forbidden = 403;

const nothing: AllowedChanges = { removed: [], upstream: [], response: [], queryToSet: [], queryToRemove: [], metadata: undefined };

/** An answer that cannot be read is a failure, never a permission. */
export function decodeCheckResponse(message: Buffer): CheckVerdict {
  try {
    return readResponse(message);
  } catch (error) {
    return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
  }
}

function readResponse(message: Buffer): CheckVerdict {
  let code = 0;
  let denied: Omit<Extract<CheckVerdict, { kind: 'denied' }>, 'metadata'> = { kind: 'denied', status: forbidden, headers: [], body: '' };
  let allowed = nothing;
  let metadata: Struct | undefined;
  for (const { field, bytes } of readFields(message)) {
    if (field === 1) for (const status of readFields(bytes)) if (status.field === 1) code = status.number;
    if (field === 2) denied = readDenied(bytes);
    if (field === 3) allowed = readAllowed(bytes);
    if (field === 4) metadata = readStruct(bytes);
  }
  if (code !== 0) return { ...denied, metadata };
  return { kind: 'allowed', changes: { ...allowed, metadata: metadata ?? allowed.metadata } };
}

function readDenied(message: Buffer): Omit<Extract<CheckVerdict, { kind: 'denied' }>, 'metadata'> {
  let status = 0;
  let body = '';
  const headers: HeaderChange[] = [];
  for (const { field, bytes } of readFields(message)) {
    if (field === 1) for (const code of readFields(bytes)) if (code.field === 1) status = code.number;
    if (field === 2) headers.push(readHeaderOption(bytes, false));
    if (field === 3) body = bytes.toString('utf8');
  }
  // What is no status of a response cannot be sent as one.
  return { kind: 'denied', status: status >= 200 && status <= 599 ? status : forbidden, headers, body };
}

function readAllowed(message: Buffer): AllowedChanges {
  const upstream: HeaderChange[] = [];
  const response: HeaderChange[] = [];
  const removed: string[] = [];
  const queryToSet: (readonly [string, string])[] = [];
  const queryToRemove: string[] = [];
  let metadata: Struct | undefined;
  for (const { field, bytes } of readFields(message)) {
    if (field === 2) upstream.push(readHeaderOption(bytes, false));
    if (field === 3) metadata = readStruct(bytes);
    if (field === 5) removed.push(bytes.toString('latin1').toLowerCase());
    if (field === 6) response.push(readHeaderOption(bytes, true));
    if (field === 7) queryToSet.push(readPair(bytes, 'utf8'));
    if (field === 8) queryToRemove.push(bytes.toString('utf8'));
  }
  return { removed, upstream, response, queryToSet, queryToRemove, metadata };
}

const byAction: readonly ChangeKind[] = ['append', 'add-if-absent', 'set', 'overwrite-if-exists'];

/** Where no action counts, a header takes the place of what was there unless it says otherwise: as in Envoy. */
function readHeaderOption(message: Buffer, actionCounts: boolean): HeaderChange {
  let pair: readonly [string, string] = ['', ''];
  let appends: boolean | undefined;
  let action = 0;
  for (const { field, number, bytes } of readFields(message)) {
    if (field === 1) pair = readPair(bytes, 'latin1');
    if (field === 2) {
      appends = false;
      for (const flag of readFields(bytes)) if (flag.field === 1) appends = flag.number !== 0;
    }
    if (field === 3) action = number;
  }
  const byFlag: ChangeKind = appends ? 'append' : 'set';
  const how = appends === undefined && (actionCounts || action !== 0) ? (byAction[action] ?? 'set') : byFlag;
  return { name: pair[0].toLowerCase(), value: pair[1], how };
}

/** `HeaderValue` and `QueryParameter`. The value of a header may come as bytes in place of text; either way its bytes are what counts. */
function readPair(message: Buffer, encoding: 'latin1' | 'utf8'): readonly [string, string] {
  let key = '';
  let value = '';
  for (const { field, bytes } of readFields(message)) {
    if (field === 1) key = bytes.toString(encoding);
    if (field === 2 || field === 3) value = bytes.toString(encoding);
  }
  return [key, value];
}
