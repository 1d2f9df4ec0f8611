/** `JwtProvider`: who issues tokens, where requests carry them, which keys prove them, and what is told to the upstream. */
import { MessageReader, readDataSource, type Scope } from '@sluice/resources';

export interface JwtProviderConfig {
  readonly name: string;
  /** Empty: any issuer. */
  readonly issuer: string;
  /** Empty: any audience. */
  readonly audiences: readonly string[];
  readonly requiresExpiration: boolean;
  /** How wrong clocks may be. Default 60, as Envoy. */
  readonly clockSkewSeconds: number;
  readonly keys: JwtKeysConfig;
  readonly places: readonly TokenPlace[];
  /** Whether the upstream gets to see the token. Default false, as Envoy. */
  readonly forward: boolean;
  /** Tells the upstream the payload as base64url; empty for not. */
  readonly payloadHeader: string;
  readonly padsPayload: boolean;
  readonly claimHeaders: readonly { readonly header: string; readonly claim: string }[];
}

export type JwtKeysConfig =
  | { readonly kind: 'local'; readonly keySet: KeySet }
  | { readonly kind: 'remote'; readonly uri: string; readonly timeoutMs: number; readonly cacheMs: number };

/** RFC 7517, section 5. What the keys are worth shows when they are used. */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

export type TokenPlace =
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  | { readonly kind: 'parameter' | 'cookie'; readonly name: string };

/** Envoy's, for providers that name no place. */
const defaultPlaces: readonly TokenPlace[] = [
  { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
  { kind: 'parameter', name: 'access_token' },
];

/** Envoy's, for remote keys. */
const defaultCacheMs = 600_000;

export function readProvider(json: unknown, scope: Scope): Omit<JwtProviderConfig, 'name'> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const keys = readKeys(reader);
  const places = [
    ...reader.list('from_headers', readHeaderPlace),
    ...reader.strings('from_params').map((name): TokenPlace => ({ kind: 'parameter', name })),
    ...reader.strings('from_cookies').map((name): TokenPlace => ({ kind: 'cookie', name })),
  ];
  const provider = {
    issuer: reader.string('issuer', ''),
    audiences: reader.strings('audiences'),
    requiresExpiration: reader.boolean('require_expiration', false),
    clockSkewSeconds: reader.uint32('clock_skew_seconds', 60),
    places: places.length === 0 ? defaultPlaces : places,
    forward: reader.boolean('forward', false),
    payloadHeader: reader.string('forward_payload_header', '').toLowerCase(),
    padsPayload: reader.boolean('pad_forward_payload_header', false),
    claimHeaders: reader.list('claim_to_headers', readClaimHeader),
  };
  reader.refuse(['subjects', 'max_lifetime']);
  reader.ignore(['payload_in_metadata', 'header_in_metadata', 'failed_status_in_metadata', 'normalize_payload_in_metadata', 'jwt_cache_config', 'clear_route_cache']);
  reader.done();
  return keys && { ...provider, keys };
}

function readKeys(reader: MessageReader): JwtKeysConfig | undefined {
  const kind = reader.oneof(['local_jwks', 'remote_jwks'], true);
  if (kind === 'remote_jwks') return reader.read(kind, readRemoteKeys);
  const keySet = kind && reader.read(kind, readLocalKeys);
  return keySet && { kind: 'local', keySet };
}

function readLocalKeys(json: unknown, scope: Scope): KeySet | undefined {
  const source = readDataSource(json, scope);
  if (!source) return undefined;
  if (source.kind !== 'inline') {
    scope.error('must be inline_string or inline_bytes: files and variables are outside our subset here');
    return undefined;
  }
  const keySet = parseKeySet(source.text);
  if (!keySet) scope.error('is no JSON Web Key Set: must be an object with a list of keys');
  return keySet;
}

/** Undefined for what is none. */
export function parseKeySet(text: string): KeySet | undefined {
  try {
    const found: unknown = JSON.parse(text);
    const keys: unknown = typeof found === 'object' && found !== null && 'keys' in found ? found.keys : undefined;
    return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null) ? { keys } : undefined;
  } catch {
    return undefined;
  }
}

function readRemoteKeys(json: unknown, scope: Scope): JwtKeysConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const http = reader.required('http_uri', (inner, at) => {
    const uri = MessageReader.open(inner, at);
    const found = uri && { uri: uri.requiredString('uri'), timeoutMs: uri.durationMs('timeout', 5000) };
    // Keys are asked for at their address; no cluster stands in between.
    if (uri?.has('cluster')) uri.scope.at('cluster').warn('has no effect: keys are asked for at their uri');
    uri?.done();
    if (found && !/^https?:\/\//.test(found.uri) && found.uri !== '') at.at('uri').error(`is ${JSON.stringify(found.uri)}, must begin with http:// or https://`);
    return found;
  });
  const cacheMs = reader.durationMs('cache_duration', defaultCacheMs);
  reader.ignore(['async_fetch', 'retry_policy']);
  reader.done();
  return http && { kind: 'remote', cacheMs, ...http };
}

function readHeaderPlace(json: unknown, scope: Scope): TokenPlace | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const place: TokenPlace = { kind: 'header', name: reader.requiredString('name').toLowerCase(), prefix: reader.string('value_prefix', '') };
  reader.done();
  return place;
}

function readClaimHeader(json: unknown, scope: Scope): { header: string; claim: string } | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const found = { header: reader.requiredString('header_name').toLowerCase(), claim: reader.requiredString('claim_name') };
  reader.done();
  return found;
}
