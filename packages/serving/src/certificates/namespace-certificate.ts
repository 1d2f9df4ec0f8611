/** One certificate for all hosts of a namespace, for namespaces that the cluster selects (`namespace-wildcard-cert-selector`). */
import type { Certificate } from '../api/certificate.ts';
import type { ServingObject } from '../api/object.ts';
import { domainsFor } from '../config/domain-config.ts';
import { fillTemplate } from '../config/name-template.ts';
import type { NamespaceSelector } from '../config/network-config.ts';
import { labels } from '../labels.ts';
import type { HostConfig } from '../traffic/hosts.ts';
import { certificateTypes, makeCertificate } from './make-certificate.ts';

/**
 * Undefined where the namespace is not selected, or where the domain template makes names that no wildcard covers: then each
 * host gets one of its own.
 */
export function namespaceCertificate(namespace: ServingObject, config: HostConfig): Certificate | undefined {
  const { namespaceWildcardCertSelector: selector, domainTemplate, externalDomainTls } = config.network;
  const { name, labels: own = {} } = namespace.metadata;
  if (!externalDomainTls || selector === undefined || !selects(selector, own)) return undefined;
  const [domain] = domainsFor(config.domain, {});
  if (domain === undefined) return undefined;
  const pattern = fillTemplate(domainTemplate, { texts: { Name: '*', Namespace: name, Domain: domain } });
  if (pattern === undefined || !/^\*\.[^*]+$/.test(pattern)) return undefined;
  const base = pattern.slice('*.'.length);
  return makeCertificate(
    {
      owner: namespace,
      namespace: name,
      name: base,
      dnsNames: [pattern],
      domain,
      labels: { [labels.wildcardDomain]: domain, [labels.certificateType]: certificateTypes.external },
    },
    config.network,
  );
}

/** As Kubernetes selects by labels. */
export function selects({ matchLabels = {}, matchExpressions = [] }: NamespaceSelector, own: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => own[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = own[key];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      if (operator === 'In') return value !== undefined && values.includes(value);
      // What cannot be understood selects nothing, lest it select everything.
      return operator === 'NotIn' && (value === undefined || !values.includes(value));
    })
  );
}
