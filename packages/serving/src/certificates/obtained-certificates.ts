/** What became of the certificates that an object needs: the TLS that it can be served with, and what it says of that. */
import type { Certificate } from '../api/certificate.ts';
import type { IngressTls } from '../api/ingress.ts';
import type { NetworkConfig } from '../config/network-config.ts';
import { conditionOf, isFalse, isTrue, isUnknown, type Mark } from '../status/condition-set.ts';

/** One that is wanted. */
export interface ObtainedCertificate {
  readonly name: string;
  /** That it is wanted for. */
  readonly dnsNames: readonly string[];
  /** Absent: it could not be made. `not-owned`: another's has its name. */
  readonly actual: Certificate | 'not-owned' | undefined;
  readonly isClusterLocal: boolean;
}

export interface ObtainedTls {
  /** `CertificateProvisioned`. */
  readonly mark: Mark;
  readonly tls: readonly IngressTls[];
  /** Whether URLs of a host say `https`. */
  readonly isSecure: (host: string) => boolean;
}

/** Knative's words. */
export const tlsNotEnabled: Mark = { status: 'True', reason: 'TLSNotEnabled', message: 'autoTLS is not enabled' };
export const tlsNotEnabledInside: Mark = { status: 'True', reason: 'TLSNotEnabled', message: 'TLS is not enabled for cluster-local' };

/**
 * @param otherwise what is said where none is wanted
 * Of several that are not as they should be, the worst speaks.
 */
export function obtainedTls(obtained: readonly ObtainedCertificate[], network: Pick<NetworkConfig, 'httpProtocol'>, otherwise: Mark): ObtainedTls {
  const secure = new Set<string>();
  const tls: IngressTls[] = [];
  const marks: Mark[] = [];
  for (const one of obtained) {
    const { actual, dnsNames, isClusterLocal } = one;
    const isReady = actual !== undefined && actual !== 'not-owned' && isReadyNow(actual);
    if (isReady) tls.push({ hosts: [...dnsNames], secretName: actual.spec.secretName, secretNamespace: actual.metadata.namespace ?? '' });
    // Plain HTTP meanwhile, where the cluster lets it be.
    const isDowngraded = !isReady && !isClusterLocal && network.httpProtocol === 'enabled' && actual !== 'not-owned' && !hasFailed(actual);
    if (isReady || (!isClusterLocal && !isDowngraded && actual !== 'not-owned')) for (const name of dnsNames) secure.add(name);
    marks.push(isDowngraded ? downgraded(one.name) : markOf(one, isReady));
  }
  const worst = (status: Mark['status']) => marks.find((mark) => mark.status === status);
  const mark = worst('False') ?? worst('Unknown') ?? marks.find(({ reason }) => reason !== undefined) ?? marks[0] ?? otherwise;
  return { mark, tls, isSecure: (host) => secure.has(host) };
}

function markOf({ name, actual }: ObtainedCertificate, isReady: boolean): Mark {
  if (isReady) return isTrue;
  if (actual === 'not-owned') return isFalse('CertificateNotOwned', `There is an existing certificate ${name} that we do not own.`);
  const why = actual === undefined ? '' : (conditionOf(actual.status?.conditions, 'Ready')?.reason ?? '');
  const told = why === '' ? '' : `: ${why}`;
  if (hasFailed(actual)) return isFalse('CertificateProvisionFailed', `Certificate ${name} fails to be provisioned${told}.`);
  return isUnknown('CertificateNotReady', `Certificate ${name} is not ready${told}.`);
}

function downgraded(name: string): Mark {
  return { status: 'True', reason: 'HTTPDowngrade', message: `Certificate ${name} is not ready downgrade HTTP.` };
}

/** What a Certificate says of an older spec counts as nothing. */
function isReadyNow({ metadata, status }: Certificate): boolean {
  const isCurrent = metadata.generation === undefined || status?.observedGeneration === undefined || status.observedGeneration === metadata.generation;
  return isCurrent && conditionOf(status?.conditions, 'Ready')?.status === 'True';
}

function hasFailed(actual: Certificate | 'not-owned' | undefined): boolean {
  if (actual === undefined || actual === 'not-owned') return false;
  return conditionOf(actual.status?.conditions, 'Ready')?.status === 'False';
}
