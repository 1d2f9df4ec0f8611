/** `envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext`: whose certificates are good enough. */
import { readDataSource, type DataSource } from '../data-source.ts';
import { MessageReader } from '../decode/message-reader.ts';
import { decodeString } from '../decode/scalars.ts';
import type { Scope } from '../decode/scope.ts';
import { readStringMatcher, type StringMatcher } from '../string-matcher.ts';
import { readWatchedDirectory } from '../watched-directory.ts';
import { readCustomValidator, type TrustDomain } from './spiffe-validator.ts';

export interface CertificateValidationContext {
  /** Chains must lead to one of these. Undefined, without `usesSystemRoots`: chains are not looked at. */
  readonly trustedCa: DataSource | undefined;
  /** The system's own roots count too. */
  readonly usesSystemRoots: boolean;
  /** In place of roots: who may vouch for which names (SPIFFE). Empty: the roots may for all. */
  readonly trustDomains: readonly TrustDomain[];
  /** One of the names in the certificate must match one of these. Empty: any name will do. */
  readonly sanMatchers: readonly SanMatcher[];
  /** Base64 of the SHA-256 of public keys, of which it must be one. Empty: any. */
  readonly spkiPins: readonly string[];
  /** SHA-256 of certificates in lower-case hex, of which it must be one. Empty: any. */
  readonly certificateHashes: readonly string[];
  readonly crl: DataSource | undefined;
  /** A certificate is good outside of its time, too. */
  readonly allowsExpired: boolean;
  /** Whoever presents a certificate that is not good may stay; whether it was good can be asked for later. */
  readonly acceptsUntrusted: boolean;
  /** Certificates between the peer's and the root. Undefined: 100, as Envoy. */
  readonly verifyDepthMax: number | undefined;
  readonly watchedDirectory: string | undefined;
}

export type SanType = 'EMAIL' | 'DNS' | 'URI' | 'IP_ADDRESS';

export interface SanMatcher {
  /** Undefined: a name of any kind, as the field meant that came before. */
  readonly type: SanType | undefined;
  readonly matcher: StringMatcher;
}

/** Asks for nothing. */
export const anyCertificate: CertificateValidationContext = {
  trustedCa: undefined,
  usesSystemRoots: false,
  trustDomains: [],
  sanMatchers: [],
  spkiPins: [],
  certificateHashes: [],
  crl: undefined,
  allowsExpired: false,
  acceptsUntrusted: false,
  verifyDepthMax: undefined,
  watchedDirectory: undefined,
};

/** `needsRoots`: nothing will be added to it, so names without roots are a mistake. */
export function readCertificateValidationContext(json: unknown, scope: Scope, needsRoots = true): CertificateValidationContext | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const typedMatchers = reader.list('match_typed_subject_alt_names', readSanMatcher);
  const untyped = reader.list('match_subject_alt_names', readStringMatcher);
  const context: CertificateValidationContext = {
    trustedCa: reader.read('trusted_ca', readDataSource),
    usesSystemRoots: reader.read('system_root_certs', readNothing) ?? false,
    trustDomains: reader.read('custom_validator_config', readCustomValidator) ?? [],
    sanMatchers: typedMatchers.length > 0 ? typedMatchers : untyped.map((matcher) => ({ type: undefined, matcher })),
    spkiPins: reader.list('verify_certificate_spki', readSpkiPin),
    certificateHashes: reader.list('verify_certificate_hash', readCertificateHash),
    crl: reader.read('crl', readDataSource),
    allowsExpired: reader.boolean('allow_expired_certificate', false),
    acceptsUntrusted: reader.enum('trust_chain_verification', ['VERIFY_TRUST_CHAIN', 'ACCEPT_UNTRUSTED'], 'VERIFY_TRUST_CHAIN') === 'ACCEPT_UNTRUSTED',
    verifyDepthMax: reader.uint32('max_verify_depth', undefined, { max: 100 }),
    watchedDirectory: reader.read('watched_directory', readWatchedDirectory),
  };
  reader.refuse(['require_signed_certificate_timestamp', 'ca_certificate_provider_instance']);
  reader.refuse(['only_verify_leaf_cert_crl'], 'revocation is looked up for whole chains');
  reader.done();
  const checksNames = context.sanMatchers.length > 0;
  const hasRoots = hasAnchors(context);
  if (needsRoots && checksNames && !hasRoots) scope.at('trusted_ca').error('is required where names are matched: anybody can put any name into a certificate');
  return context;
}

/** Whether chains have something to lead to. */
export function hasAnchors({ trustedCa, usesSystemRoots, trustDomains }: CertificateValidationContext): boolean {
  return trustedCa !== undefined || usesSystemRoots || trustDomains.length > 0;
}

function readSanMatcher(json: unknown, scope: Scope): SanMatcher | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const type = reader.enum('san_type', ['SAN_TYPE_UNSPECIFIED', 'EMAIL', 'DNS', 'URI', 'IP_ADDRESS', 'OTHER_NAME'], 'SAN_TYPE_UNSPECIFIED');
  const matcher = reader.required('matcher', readStringMatcher);
  reader.refuse(['oid']);
  reader.done();
  if (type === 'SAN_TYPE_UNSPECIFIED' || type === 'OTHER_NAME') {
    scope.at('san_type').error(`is ${type}, must be one of EMAIL, DNS, URI, IP_ADDRESS`);
    return undefined;
  }
  return matcher && { type, matcher };
}

function readSpkiPin(json: unknown, scope: Scope): string | undefined {
  const pin = decodeString(json, scope);
  if (pin === undefined || /^[A-Za-z0-9+/]{43}=$/.test(pin)) return pin;
  scope.error('must be the base64 of 32 bytes');
  return undefined;
}

function readCertificateHash(json: unknown, scope: Scope): string | undefined {
  const hash = decodeString(json, scope)?.replaceAll(':', '').toLowerCase();
  if (hash === undefined || /^[0-9a-f]{64}$/.test(hash)) return hash;
  scope.error('must be the hex of 32 bytes, with or without colons');
  return undefined;
}

function readNothing(json: unknown, scope: Scope): true | undefined {
  const reader = MessageReader.open(json, scope);
  reader?.done();
  return reader && true;
}
