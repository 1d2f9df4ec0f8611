/** What both sides of TLS are made of: identities, roots and rules, out of the resource and the secrets that it names. */
import type { Problem, TlsContextSettings } from '@sluice/kernel';
import { hasAnchors, type CertificateValidationContext, type TlsContext, type TlsCertificate, type TlsParameters } from '@sluice/resources';
import { createPatternCompiler } from '../router/compile-session.ts';
import { compileStringMatcher } from '../router/string-test.ts';
import type { Report } from './data-files.ts';
import type { NameRule, PeerRules } from './peer-policy.ts';
import { hash, readIdentity, readRoots, type IdentityMaterial, type RootMaterial } from './tls-material.ts';
import type { TlsSupplies } from './tls-supplies.ts';

export interface TlsIngredients {
  readonly identities: readonly IdentityMaterial[];
  /** Undefined: nothing is asked of the peer. */
  readonly peer: PeerIngredients | undefined;
  readonly version: string;
}

export interface PeerIngredients {
  readonly context: CertificateValidationContext;
  readonly roots: RootMaterial;
  readonly rules: PeerRules;
}

/** A context that shows nothing, asks for nothing and takes up no sessions. */
export const plainSettings: TlsContextSettings = {
  side: 'server',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  cipherSuites: [],
  curves: [],
  signatureAlgorithms: [],
  prefersOwnCiphers: false,
  identity: undefined,
  trustedCa: undefined,
  usesSystemRoots: false,
  crl: undefined,
  sessions: undefined,
};

const path = 'common_tls_context';

/** Envoy's, for chains that say nothing else. */
const depthMax = 100;

/** Undefined while a secret has not come, and after a report. */
export function gatherTls(context: TlsContext, supplies: TlsSupplies, report: Report): TlsIngredients | undefined {
  const certificates = certificatesOf(context, supplies, report);
  if (!certificates) return undefined;
  const identities = certificates.flatMap(({ certificate, at }) => readIdentity(certificate, at, supplies.files, report) ?? []);
  const validation = validationOf(context, supplies, report);
  if (validation === 'missing' || identities.length < certificates.length) return undefined;
  const peer = validation && gatherPeer(validation, supplies, report);
  if (validation && !peer) return undefined;
  return { identities, peer, version: hash(...identities.map(({ version }) => version), peer?.roots.version ?? '') };
}

interface FoundCertificate {
  readonly certificate: TlsCertificate;
  readonly at: string;
}

function certificatesOf({ certificates, certificateSecrets }: TlsContext, supplies: TlsSupplies, report: Report): readonly FoundCertificate[] | undefined {
  const found: FoundCertificate[] = certificates.map((certificate, index) => ({ certificate, at: `${path}.tls_certificates[${index}]` }));
  for (const [index, reference] of certificateSecrets.entries()) {
    const at = `${path}.tls_certificate_sds_secret_configs[${index}]`;
    const secret = supplies.secretOf(reference, at, report);
    if (!secret) return undefined;
    if (secret.value.kind === 'tls_certificate') found.push({ certificate: secret.value.certificate, at });
    else report(at, `names secret ${reference.name}, which is a ${secret.value.kind}, must be a tls_certificate`);
  }
  return found;
}

function validationOf({ validation }: TlsContext, supplies: TlsSupplies, report: Report): CertificateValidationContext | undefined | 'missing' {
  if (!validation) return undefined;
  if (validation.kind === 'own') return validation.context;
  const secret = supplies.secretOf(validation.secret, `${path}.validation_context_sds_secret_config`, report);
  if (!secret) return 'missing';
  if (secret.value.kind !== 'validation_context') {
    report(`${path}.validation_context_sds_secret_config`, `names secret ${validation.secret.name}, which is a ${secret.value.kind}, must be a validation_context`);
    return 'missing';
  }
  return validation.kind === 'secret' ? secret.value.validation : merge(validation.context, secret.value.validation);
}

/** As protobuf merges: what the secret says counts, lists are joined. */
function merge(own: CertificateValidationContext, fetched: CertificateValidationContext): CertificateValidationContext {
  return {
    trustedCa: fetched.trustedCa ?? own.trustedCa,
    usesSystemRoots: fetched.usesSystemRoots || own.usesSystemRoots,
    trustDomains: fetched.trustDomains.length > 0 ? fetched.trustDomains : own.trustDomains,
    sanMatchers: [...own.sanMatchers, ...fetched.sanMatchers],
    spkiPins: [...own.spkiPins, ...fetched.spkiPins],
    certificateHashes: [...own.certificateHashes, ...fetched.certificateHashes],
    crl: fetched.crl ?? own.crl,
    allowsExpired: fetched.allowsExpired || own.allowsExpired,
    acceptsUntrusted: fetched.acceptsUntrusted || own.acceptsUntrusted,
    verifyDepthMax: fetched.verifyDepthMax ?? own.verifyDepthMax,
    watchedDirectory: fetched.watchedDirectory ?? own.watchedDirectory,
  };
}

function gatherPeer(context: CertificateValidationContext, supplies: TlsSupplies, report: Report): PeerIngredients | undefined {
  const at = `${path}.validation_context`;
  const roots = readRoots(context, at, supplies.files, report);
  if (!roots) return undefined;
  const checksChain = hasAnchors(context);
  if (context.sanMatchers.length > 0 && !checksChain) {
    report(at, 'matches names without roots that anybody would have to be vouched for by');
    return undefined;
  }
  const rules: PeerRules = {
    checksChain,
    names: compileNames(context, at, supplies, report),
    spkiPins: new Set(context.spkiPins),
    certificateHashes: new Set(context.certificateHashes),
    allowsExpired: context.allowsExpired,
    acceptsUntrusted: context.acceptsUntrusted,
    depthMax: context.verifyDepthMax ?? depthMax,
    anchors: roots.roots.map(({ certificate }) => certificate),
    ...(roots.domains ? { trustDomains: roots.domains } : {}),
  };
  return { context, roots, rules };
}

function compileNames({ sanMatchers }: CertificateValidationContext, at: string, { regexEngine }: TlsSupplies, report: Report): readonly NameRule[] {
  const problems: Problem[] = [];
  const patterns = createPatternCompiler(regexEngine, `${at}.match_typed_subject_alt_names`, problems);
  const names = sanMatchers.map(({ type, matcher }, index): NameRule => ({
    type,
    test: compileStringMatcher(matcher, `[${index}].matcher`, patterns),
    exactly: matcher.kind === 'exact' ? matcher.value : undefined,
  }));
  for (const problem of problems) report(problem.path, problem.message);
  return names;
}

/** BoringSSL's groups of equal preference, `[a|b]`, are taken apart: OpenSSL has no such thing. */
export function settingsOf({ minVersion, maxVersion, cipherSuites, curves, signatureAlgorithms }: TlsParameters): Pick<TlsContextSettings, 'minVersion' | 'maxVersion' | 'cipherSuites' | 'curves' | 'signatureAlgorithms'> {
  return { minVersion, maxVersion, curves, signatureAlgorithms, cipherSuites: cipherSuites.flatMap((suite) => suite.replace(/^\[|\]$/g, '').split('|')) };
}
