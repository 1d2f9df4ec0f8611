/** `envoy.config.rbac.v3.Permission` and `Principal`: what is wanted, and by whom. Both are conditions on a request. */
import { MessageReader, readHeaderMatcher, readStringMatcher, type HeaderMatcher, type Scope, type StringMatcher } from '@sluice/resources';
import { readCidrRange, type CidrRange } from '../../ip-address.ts';
import { readMetadataMatcher, type MetadataMatcher } from '../metadata-matcher.ts';

export type RbacRule =
  | { readonly kind: 'any' }
  | { readonly kind: 'and' | 'or'; readonly rules: readonly RbacRule[] }
  | { readonly kind: 'not'; readonly rule: RbacRule }
  | { readonly kind: 'header'; readonly matcher: HeaderMatcher }
  /** Of the path without its query. */
  | { readonly kind: 'path'; readonly matcher: StringMatcher }
  | { readonly kind: 'ip'; readonly whose: Party; readonly range: CidrRange }
  /** Port of the listener, from `start` up to, but not including, `end`. */
  | { readonly kind: 'port'; readonly start: number; readonly end: number }
  /** Of what filters have said, or of what the route says. */
  | { readonly kind: 'metadata'; readonly source: 'dynamic' | 'route'; readonly matcher: MetadataMatcher }
  /** The name that the client asked for in its TLS greeting; empty where it asked for none. */
  | { readonly kind: 'server-name'; readonly matcher: StringMatcher }
  /** Who has shown a certificate, and by which name; undefined: whatever its names. */
  | { readonly kind: 'authenticated'; readonly name: StringMatcher | undefined }
  | { readonly kind: 'filter-state'; readonly key: string; readonly matcher: StringMatcher };

/** `peer`: who opened the connection. `source`: the same, or whom a PROXY header names. `client`: whom trusted proxies name. */
export type Party = 'listener' | 'peer' | 'source' | 'client';

const permissions = [
  'any', 'and_rules', 'or_rules', 'not_rule', 'header', 'url_path', 'destination_ip', 'destination_port', 'destination_port_range',
  'metadata', 'requested_server_name', 'matcher', 'uri_template', 'sourced_metadata',
] as const;

const principals = [
  'any', 'and_ids', 'or_ids', 'not_id', 'header', 'url_path', 'source_ip', 'direct_remote_ip', 'remote_ip',
  'authenticated', 'metadata', 'filter_state', 'sourced_metadata', 'custom', 'mtls_authenticated',
] as const;

type Field = (typeof permissions)[number] | (typeof principals)[number];

export function readPermission(json: unknown, scope: Scope): RbacRule | undefined {
  return readRule(json, scope, permissions, 0);
}

export function readPrincipal(json: unknown, scope: Scope): RbacRule | undefined {
  return readRule(json, scope, principals, 0);
}

/** Protobuf's own limit for messages within messages. */
const depthMax = 100;

function readRule(json: unknown, scope: Scope, fields: readonly Field[], depth: number): RbacRule | undefined {
  if (depth > depthMax) {
    scope.error(`stands in ${depth} others, must stand in at most ${depthMax}`);
    return undefined;
  }
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(fields, true);
  const rule = kind && readKind(kind, reader, fields, depth + 1);
  reader.done();
  return rule;
}

function readKind(kind: Field, reader: MessageReader, fields: readonly Field[], depth: number): RbacRule | undefined {
  switch (kind) {
    case 'any':
      reader.only(kind, true);
      return { kind };
    case 'and_rules':
    case 'and_ids':
      return { kind: 'and', rules: readSet(kind, reader, fields, depth) };
    case 'or_rules':
    case 'or_ids':
      return { kind: 'or', rules: readSet(kind, reader, fields, depth) };
    case 'not_rule':
    case 'not_id': {
      const rule = reader.read(kind, (inner, at) => readRule(inner, at, fields, depth));
      return rule && { kind: 'not', rule };
    }
    case 'header': {
      const matcher = reader.read(kind, readHeaderMatcher);
      return matcher && { kind, matcher };
    }
    case 'url_path': {
      const matcher = reader.read(kind, readPathMatcher);
      return matcher && { kind: 'path', matcher };
    }
    case 'destination_ip':
      return ipRule('listener', kind, reader);
    case 'source_ip':
      return ipRule('source', kind, reader);
    case 'direct_remote_ip':
      return ipRule('peer', kind, reader);
    case 'remote_ip':
      return ipRule('client', kind, reader);
    case 'destination_port': {
      const port = reader.uint32(kind, 0, { max: 65_535 });
      return { kind: 'port', start: port, end: port + 1 };
    }
    case 'metadata': {
      const matcher = reader.read(kind, readMetadataMatcher);
      return matcher && { kind, source: 'dynamic', matcher };
    }
    case 'sourced_metadata':
      return reader.read(kind, readSourcedMetadata);
    case 'filter_state':
      return reader.read(kind, readStateMatcher);
    case 'requested_server_name': {
      const matcher = reader.read(kind, readStringMatcher);
      return matcher && { kind: 'server-name', matcher };
    }
    case 'authenticated':
      return reader.read(kind, readAuthenticated);
    case 'destination_port_range':
      return reader.read(kind, readPortRange);
    default:
      // To leave out a condition on who may pass would let others pass.
      reader.scope.at(kind).error('is not supported: outside our subset, and it would change who may pass');
      reader.read(kind, () => true);
      return undefined;
  }
}

function readSet(kind: Field, reader: MessageReader, fields: readonly Field[], depth: number): readonly RbacRule[] {
  const rules = reader.read(kind, (json, scope) => {
    const set = MessageReader.open(json, scope);
    const name = kind.endsWith('ids') ? 'ids' : 'rules';
    const members = set?.list(name, (member, at) => readRule(member, at, fields, depth)) ?? [];
    if (set && !set.has(name)) scope.at(name).error('is required');
    set?.done();
    return members;
  });
  return rules ?? [];
}

function ipRule(whose: Party, kind: Field, reader: MessageReader): RbacRule | undefined {
  const range = reader.read(kind, readCidrRange);
  return range && { kind: 'ip', whose, range };
}

function readPathMatcher(json: unknown, scope: Scope): StringMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  const matcher = reader?.required('path', readStringMatcher);
  reader?.done();
  return matcher;
}

function readPortRange(json: unknown, scope: Scope): RbacRule | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const start = reader.uint32('start', 0, { max: 65_536 });
  const end = reader.uint32('end', 0, { max: 65_536 });
  if (end <= start) scope.error(`is from ${start} to ${end}, must hold at least one port`);
  reader.done();
  return { kind: 'port', start, end };
}

function readSourcedMetadata(json: unknown, scope: Scope): RbacRule | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const matcher = reader.required('metadata_matcher', readMetadataMatcher);
  const source = reader.enum('metadata_source', ['DYNAMIC', 'ROUTE'], 'DYNAMIC');
  reader.done();
  return matcher && { kind: 'metadata', source: source === 'ROUTE' ? 'route' : 'dynamic', matcher };
}

/** `envoy.type.matcher.v3.FilterStateMatcher`. */
function readStateMatcher(json: unknown, scope: Scope): RbacRule | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const key = reader.requiredString('key');
  const kind = reader.oneof(['string_match', 'address_match'], true);
  reader.refuse(['address_match']);
  const matcher = kind === 'string_match' ? reader.read(kind, readStringMatcher) : undefined;
  reader.done();
  return matcher && { kind: 'filter-state', key, matcher };
}

function readAuthenticated(json: unknown, scope: Scope): RbacRule | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const name = reader.read('principal_name', readStringMatcher);
  const isWhole = name !== undefined || !reader.has('principal_name');
  reader.done();
  return isWhole ? { kind: 'authenticated', name } : undefined;
}
