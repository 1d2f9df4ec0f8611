/** `JwtProvider`: who issues tokens, where requests carry them, which keys prove them, and what is told to the upstream. */
import { MessageReader, readStringMatcher, type Scope, type StringMatcher } from '@sluice/resources';
import { readKeys, type JwtKeysConfig } from './jwt-keys-config.ts';

export interface JwtProviderConfig {
  readonly name: string;
  /** Empty: any issuer. */
  readonly issuer: string;
  /** Empty: any audience. */
  readonly audiences: readonly string[];
  /** Whom tokens may be about. Undefined: anybody. */
  readonly subjects: StringMatcher | undefined;
  readonly requiresExpiration: boolean;
  /** How long a token may still be good for, in ms; those that never expire are good for too long. Undefined: as long as it says. */
  readonly lifetimeMsMax: number | undefined;
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
  /** Under which names dynamic metadata holds the payload, the head, and why a token was refused; empty for not. */
  readonly metadata: { readonly payload: string; readonly header: string; readonly failure: string };
  /** Claims that are lists with spaces between, in metadata as lists. */
  readonly spaceDelimitedClaims: readonly string[];
  /** Looks for the route anew when a token has changed the request or its metadata. */
  readonly clearsRoute: boolean;
}

export type TokenPlace =
  | { readonly kind: 'header'; readonly name: string; readonly prefix: string }
  | { readonly kind: 'parameter' | 'cookie'; readonly name: string };

/** Envoy's, for providers that name no place. */
const defaultPlaces: readonly TokenPlace[] = [
  { kind: 'header', name: 'authorization', prefix: 'Bearer ' },
  { kind: 'parameter', name: 'access_token' },
];

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
    subjects: reader.read('subjects', readStringMatcher),
    requiresExpiration: reader.boolean('require_expiration', false),
    lifetimeMsMax: reader.durationMs('max_lifetime'),
    clockSkewSeconds: reader.uint32('clock_skew_seconds', 60),
    places: places.length === 0 ? defaultPlaces : places,
    forward: reader.boolean('forward', false),
    payloadHeader: reader.string('forward_payload_header', '').toLowerCase(),
    padsPayload: reader.boolean('pad_forward_payload_header', false),
    claimHeaders: reader.list('claim_to_headers', readClaimHeader),
    metadata: { payload: reader.string('payload_in_metadata', ''), header: reader.string('header_in_metadata', ''), failure: reader.string('failed_status_in_metadata', '') },
    spaceDelimitedClaims: reader.read('normalize_payload_in_metadata', readNormalized) ?? [],
    clearsRoute: reader.boolean('clear_route_cache', false),
  };
  reader.ignore(['jwt_cache_config']);
  reader.done();
  return keys && { ...provider, keys };
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

function readNormalized(json: unknown, scope: Scope): readonly string[] | undefined {
  const reader = MessageReader.open(json, scope);
  const claims = reader?.strings('space_delimited_claims');
  reader?.done();
  return claims;
}
