/** What a DomainMapping says of itself. */
import type { ClusterDomainClaim, DomainMapping, DomainMappingStatus } from '../api/domain-mapping.ts';
import type { Ingress } from '../api/ingress.ts';
import { tlsNotEnabled, type ObtainedTls } from '../certificates/obtained-certificates.ts';
import { isFalse, isTrue, isUnknown, livingConditions, previousMarks, type Mark } from '../status/condition-set.ts';
import { ingressReadyMark } from '../status/ingress-ready.ts';
import type { ResolvedReference } from './resolve-reference.ts';

const dependents = ['DomainClaimed', 'ReferenceResolved', 'IngressReady', 'CertificateProvisioned'];

export interface DomainMappingFacts {
  readonly mapping: DomainMapping;
  /** Undefined: there is none, and none is made. */
  readonly claim: ClusterDomainClaim | undefined;
  /** Undefined while the host is not the mapping's to serve. */
  readonly reference: ResolvedReference | undefined;
  /** Undefined until it is there; `not-owned` when something else has the name. */
  readonly ingress: Ingress | 'not-owned' | undefined;
  /** What became of a certificate that is made for it; undefined where none is. */
  readonly obtained?: ObtainedTls | undefined;
  /** RFC 3339. */
  readonly now: string;
}

export function domainMappingStatus(facts: DomainMappingFacts): DomainMappingStatus {
  const { mapping, obtained, now } = facts;
  const { name } = mapping.metadata;
  const isSecure = mapping.spec.tls?.secretName ? true : (obtained?.isSecure(name) ?? false);
  const url = `${isSecure ? 'https' : 'http'}://${name}`;
  return {
    ...observed(mapping),
    url,
    address: { url },
    conditions: livingConditions({
      dependents,
      marks: {
        DomainClaimed: claimMark(facts),
        ReferenceResolved: referenceMark(facts),
        IngressReady: ingressReadyMark(name, facts.ingress),
        CertificateProvisioned: certificateMark(facts),
      },
      previous: mapping.status?.conditions,
      now,
    }),
  };
}

/** The status of a mapping whose spec cannot be followed. What it served before, it serves. */
export function invalidDomainMappingStatus(mapping: DomainMapping, message: string, now: string): DomainMappingStatus {
  return {
    ...mapping.status,
    ...observed(mapping),
    conditions: livingConditions({
      dependents,
      marks: { ...previousMarks(mapping.status?.conditions), ReferenceResolved: isFalse('InvalidSpec', message) },
      previous: mapping.status?.conditions,
      now,
    }),
  };
}

function claimMark({ mapping, claim }: DomainMappingFacts): Mark {
  const { name, namespace } = mapping.metadata;
  if (claim === undefined) {
    return isFalse('DomainClaimFailed', `no ClusterDomainClaim found for domain "${name}" and autocreate-cluster-domain-claims property is not true`);
  }
  if (claim.spec.namespace === namespace) return isTrue;
  return isFalse('DomainClaimNotOwned', `The domain name "${name}" belongs to namespace "${claim.spec.namespace}".`);
}

function referenceMark({ reference }: DomainMappingFacts): Mark {
  if (reference === undefined) return isUnknown();
  return reference.kind === 'resolved' ? isTrue : isFalse('ResolveFailed', reference.message);
}

function certificateMark({ mapping, obtained }: DomainMappingFacts): Mark {
  if (mapping.spec.tls?.secretName) return { status: 'True', reason: 'CertificateExternallyProvided', message: 'TLS certificate was provided externally' };
  return obtained?.mark ?? tlsNotEnabled;
}

function observed({ metadata }: DomainMapping): Pick<DomainMappingStatus, 'observedGeneration'> {
  return metadata.generation === undefined ? {} : { observedGeneration: metadata.generation };
}
