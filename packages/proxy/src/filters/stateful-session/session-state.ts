/** Where a client carries the address it belongs to: `CookieBasedSessionState` and `HeaderBasedSessionState`. */
import { Buffer } from 'node:buffer';
import type { RequestHead, ResponseHead } from '@sluice/http';
import { MessageReader, openTypedConfig, type Scope } from '@sluice/resources';

export interface SessionState {
  /** `host:port`; undefined where the client carries none that can be understood. */
  read(request: RequestHead): string | undefined;
  /** Tells the client, when it does not know yet. */
  write(response: ResponseHead, request: RequestHead, address: string): void;
}

const cookieType = 'envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState';
const headerType = 'envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState';

/** A `TypedExtensionConfig`. */
export function readSessionState(json: unknown, scope: Scope): SessionState | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.requiredString('name');
  const state = reader.required('typed_config', (inner, at) => {
    const typed = openTypedConfig(inner, at);
    const fields = typed && MessageReader.open(typed.json, typed.scope);
    let found: SessionState | undefined;
    if (typed?.typeName === cookieType) found = fields?.required('cookie', readCookie);
    else if (typed?.typeName === headerType) found = fields && headerState(fields.requiredString('name').toLowerCase());
    else if (typed) at.at('@type').error(`is ${typed.typeName}, which is not known; known are ${cookieType}, ${headerType}`);
    if (found) fields?.done();
    return found;
  });
  reader.done();
  return state;
}

function headerState(name: string): SessionState {
  return {
    read: (request) => decodeAddress(request.get(name)),
    write: (response, _request, address) => response.set(name, encodeAddress(address)),
  };
}

function readCookie(json: unknown, scope: Scope): SessionState | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  const ttlMs = reader.durationMs('ttl', 0);
  const path = reader.string('path', '');
  const attributes = reader.list('attributes', (inner, at) => {
    const attribute = MessageReader.open(inner, at);
    const key = attribute?.requiredString('name');
    const value = attribute?.string('value', '');
    attribute?.done();
    return value === undefined || value === '' ? key : `${key}=${value}`;
  });
  reader.done();
  const rest = [...(ttlMs === 0 ? [] : [`Max-Age=${Math.floor(ttlMs / 1000)}`]), ...(path === '' ? [] : [`Path=${path}`]), ...attributes, 'HttpOnly'];
  return {
    // A client does not send it outside of its path, and what stands there in its place counts for nothing.
    read: (request) => (request.path.startsWith(path) ? decodeAddress(cookieOf(request, name)) : undefined),
    write(response, request, address) {
      if (request.path.startsWith(path)) response.add('set-cookie', [`${name}="${encodeAddress(address)}"`, ...rest].join('; '));
    },
  };
}

function cookieOf(request: RequestHead, name: string): string | undefined {
  for (const pair of request.get('cookie')?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at !== -1 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim().replaceAll('"', '');
  }
  return undefined;
}

function encodeAddress(address: string): string {
  return Buffer.from(address, 'latin1').toString('base64');
}

/** Longer than any address with its port in base64. */
const encodedLengthMax = 100;

function decodeAddress(encoded: string | undefined): string | undefined {
  if (encoded === undefined || encoded === '' || encoded.length > encodedLengthMax) return undefined;
  const address = Buffer.from(encoded, 'base64').toString('latin1');
  return /^(?:[\d.]+|\[[\da-f:.]+\]):\d{1,5}$/i.test(address) ? address : undefined;
}
