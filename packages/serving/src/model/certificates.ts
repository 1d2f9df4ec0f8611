/** TLS of Ingresses, and the Secrets that they name → the certificates of the model. */
import { formatProblem, problem, type Problem } from '@sluice/kernel';
import type { IngressSpec, IngressVisibility } from '../api/ingress.ts';
import type { ServingCertificate } from '../serving-model.ts';
import { pairProblem } from './certificate-pair.ts';

/** What is read of a Secret of type `kubernetes.io/tls`. Values are base64. */
export interface SecretView {
  readonly metadata: { readonly namespace?: string; readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** What is wrong with a Secret's certificate and key; undefined when nothing is, or when it has none. */
export function secretProblem(secret: SecretView): Problem | undefined {
  const pair = pairOf(secret);
  return pair && pairProblem(pair);
}

export interface CertificateInput {
  /** `Ingress namespace/name`. */
  readonly owner: string;
  readonly spec: IngressSpec;
}

export interface BuiltCertificates {
  readonly certificates: readonly ServingCertificate[];
  /** By owner. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
}

/**
 * @param inputs of those that serve something, in the order in which they may claim a host
 * @param secretOf by `namespace/name`; the last that was good
 * @param oddityOf why a Secret cannot be used as it is now
 */
export function buildCertificates(inputs: readonly CertificateInput[], secretOf: (key: string) => SecretView | undefined, oddityOf: (key: string) => Problem | undefined = () => undefined): BuiltCertificates {
  const hosts = new Map<string, Set<string>>();
  const inside = new Set<string>();
  const problems = new Map<string, readonly Problem[]>();
  const taken = new Set<string>();
  for (const { owner, spec } of inputs) {
    const found: Problem[] = [];
    for (const host of hostsOf(spec, 'ClusterLocal')) inside.add(host);
    (spec.tls ?? []).forEach((tls, index) => {
      const secret = `${tls.secretNamespace ?? ''}/${tls.secretName ?? ''}`;
      const path = `spec.tls[${index}].secretName`;
      const isHeld = pairOf(secretOf(secret)) !== undefined;
      const oddity = oddityOf(secret);
      if (oddity) found.push(problem(path, `secret "${secret}" cannot be used: ${formatProblem(oddity)}${isHeld ? '; the certificate before is shown' : ''}`));
      else if (!isHeld) found.push(problem(path, `secret "${secret}" is not there, or has no tls.crt and tls.key`));
      if (!isHeld) return;
      const own = hosts.get(secret) ?? new Set<string>();
      hosts.set(secret, own);
      for (const host of tls.hosts ?? hostsOf(spec, 'ExternalIP')) {
        if (taken.has(host)) continue;
        taken.add(host);
        own.add(host);
      }
    });
    if (found.length > 0) problems.set(owner, found);
  }
  const certificates = [...hosts].flatMap(([name, own]): ServingCertificate[] => {
    const pair = pairOf(secretOf(name));
    const shown = [...own].sort();
    const certificate = { name, hosts: shown.filter((host) => !inside.has(host)), internalHosts: shown.filter((host) => inside.has(host)) };
    return pair && own.size > 0 ? [{ ...certificate, ...pair }] : [];
  });
  return { certificates: certificates.sort((a, b) => (a.name < b.name ? -1 : 1)), problems };
}

/** What can be shown of a Secret that the model has taken over. */
export function certificateIn(secret: SecretView): FoundCertificate {
  const pair = pairOf(secret);
  return pair ? { ok: true, ...pair } : { ok: false, reason: 'has no tls.crt and tls.key' };
}

export type FoundCertificate = ({ readonly ok: true } & Pick<ServingCertificate, 'certificateChain' | 'privateKey'>) | { readonly ok: false; readonly reason: string };

function pairOf(secret: SecretView | undefined): Pick<ServingCertificate, 'certificateChain' | 'privateKey'> | undefined {
  const certificate = secret?.data?.['tls.crt'];
  const key = secret?.data?.['tls.key'];
  if (!certificate || !key) return undefined;
  return { certificateChain: textOf(certificate), privateKey: textOf(key) };
}

function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

function hostsOf({ rules = [] }: IngressSpec, wanted: IngressVisibility): readonly string[] {
  return rules.filter(({ visibility = 'ExternalIP' }) => visibility === wanted).flatMap(({ hosts = [] }) => hosts);
}
