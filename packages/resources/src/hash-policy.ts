/** `envoy.config.route.v3.RouteAction.HashPolicy`: what of a request says where it goes. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readRegexRewrite, type RegexRewrite } from './regex-rewrite.ts';

export interface HashPolicy {
  readonly source: HashSource;
  /** When there is a hash after this one, the following are not asked. */
  readonly terminal: boolean;
}

export type HashSource =
  /** The value of a header (lower case), rewritten first where asked for. */
  | { readonly kind: 'header'; readonly header: string; readonly rewrite: RegexRewrite | undefined }
  | ({ readonly kind: 'cookie' } & HashCookie)
  /** The client's address, without its port. */
  | { readonly kind: 'source_ip' }
  | { readonly kind: 'query_parameter'; readonly parameter: string }
  /** What a filter has left under this key. */
  | { readonly kind: 'filter_state'; readonly key: string };

export interface HashCookie {
  readonly name: string;
  /** Clients without the cookie get one that lasts so long; 0: for their session; undefined: they get none. */
  readonly ttlMs: number | undefined;
  /** Where the client sends it; empty: below where it got it. */
  readonly path: string;
  /** What else `set-cookie` says: `SameSite=Strict`, or a name alone. */
  readonly attributes: readonly { readonly name: string; readonly value: string }[];
}

export function readHashPolicy(json: unknown, scope: Scope): HashPolicy | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['header', 'cookie', 'connection_properties', 'query_parameter', 'filter_state'], true);
  const source = kind === undefined ? undefined : readSource(reader, kind);
  const terminal = reader.boolean('terminal', false);
  reader.done();
  return source && { source, terminal };
}

function readSource(reader: MessageReader, kind: string): HashSource | undefined {
  switch (kind) {
    case 'header':
      return reader.read(kind, readHeader);
    case 'cookie':
      return reader.read(kind, readCookie);
    case 'connection_properties':
      return reader.read(kind, readConnectionProperties);
    case 'query_parameter':
      return reader.read(kind, readQueryParameter);
    case 'filter_state':
      return reader.read(kind, readFilterState);
    default:
      return undefined;
  }
}

function readHeader(json: unknown, scope: Scope): HashSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const header = reader.requiredString('header_name').toLowerCase();
  const rewrite = reader.read('regex_rewrite', readRegexRewrite);
  reader.done();
  return { kind: 'header', header, rewrite };
}

function readCookie(json: unknown, scope: Scope): HashSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.requiredString('name');
  if (name !== '' && !/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) scope.at('name').error(`is ${JSON.stringify(name)}, must be a cookie name`);
  const ttlMs = reader.durationMs('ttl');
  const path = reader.string('path', '');
  checkCookiePart(path, scope.at('path'));
  const attributes = reader.list('attributes', readCookieAttribute);
  reader.done();
  return { kind: 'cookie', name, ttlMs, path, attributes };
}

function readCookieAttribute(json: unknown, scope: Scope): { name: string; value: string } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const attribute = { name: reader.requiredString('name'), value: reader.string('value', '') };
  checkCookiePart(attribute.name, scope.at('name'));
  checkCookiePart(attribute.value, scope.at('value'));
  reader.done();
  return attribute;
}

/** What stands between the semicolons of `set-cookie`. */
function checkCookiePart(text: string, scope: Scope): void {
  if (!/^[\x20-\x3a\x3c-\x7e]*$/.test(text)) scope.error('must be printable ASCII without ;');
}

function readConnectionProperties(json: unknown, scope: Scope): HashSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const usesSource = reader.boolean('source_ip', false);
  if (!usesSource) scope.at('source_ip').error('must be true: there is no other property');
  reader.done();
  return usesSource ? { kind: 'source_ip' } : undefined;
}

function readFilterState(json: unknown, scope: Scope): HashSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const key = reader.requiredString('key');
  reader.done();
  return { kind: 'filter_state', key };
}

function readQueryParameter(json: unknown, scope: Scope): HashSource | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const parameter = reader.requiredString('name');
  reader.done();
  return { kind: 'query_parameter', parameter };
}
