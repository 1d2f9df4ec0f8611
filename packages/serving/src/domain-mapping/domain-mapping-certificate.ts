/** The certificate that a DomainMapping needs, where it brings none and the cluster has them made. */
import type { DomainMapping } from '../api/domain-mapping.ts';
import type { NetworkConfig } from '../config/network-config.ts';
import { certificateTypes, makeCertificate, refusesExternalTls } from '../certificates/make-certificate.ts';
import type { WantedCertificate } from '../certificates/route-certificates.ts';
import { labels } from '../labels.ts';

export function domainMappingCertificate(mapping: DomainMapping, network: NetworkConfig): WantedCertificate[] {
  const { name, namespace = '' } = mapping.metadata;
  if (!network.externalDomainTls || mapping.spec.tls?.secretName || refusesExternalTls(mapping)) return [];
  const marks = { [labels.domainMappingUid]: name, [labels.certificateType]: certificateTypes.external };
  return [{ isClusterLocal: false, desired: makeCertificate({ owner: mapping, namespace, name, dnsNames: [name], domain: name, labels: marks }, network) }];
}
