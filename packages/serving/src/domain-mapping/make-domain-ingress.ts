/** DomainMapping → the Ingress that leads its host to what it names. */
import type { DomainMapping } from '../api/domain-mapping.ts';
import type { Ingress, IngressTls } from '../api/ingress.ts';
import type { NetworkConfig } from '../config/network-config.ts';
import { httpOptionOf } from '../ingress/http-option.ts';
import { ingressClassOf } from '../ingress/ingress-class.ts';
import { annotations, headers, inheritedAnnotations } from '../labels.ts';
import { ownerReference } from '../resources/owner-reference.ts';

/**
 * The program learns by `K-Original-Host` what it was called by, and by its sidecar gets it back as `Host`.
 * @param target from `resolveReference`
 */
export function makeDomainIngress(
  mapping: DomainMapping,
  target: { readonly host: string; readonly service: string; readonly port: number },
  network: Pick<NetworkConfig, 'httpProtocol' | 'ingressClass'>,
  made: readonly IngressTls[] = [],
): Ingress {
  const { name, namespace = '', labels: own } = mapping.metadata;
  const inherited = inheritedAnnotations(mapping.metadata.annotations);
  const secretName = mapping.spec.tls?.secretName;
  const tls = secretName ? [{ hosts: [name], secretName, secretNamespace: namespace }] : made;
  return {
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'Ingress',
    metadata: {
      name,
      namespace,
      ...(own === undefined ? {} : { labels: own }),
      annotations: { ...inherited, [annotations.ingressClass]: ingressClassOf(mapping, network) },
      ownerReferences: [ownerReference(mapping)],
    },
    spec: {
      httpOption: httpOptionOf(mapping.metadata.annotations, network, tls.length > 0),
      ...(tls.length === 0 ? {} : { tls }),
      rules: [
        {
          hosts: [name],
          visibility: 'ExternalIP',
          http: {
            paths: [
              {
                rewriteHost: target.host,
                appendHeaders: { [headers.originalHost]: name },
                splits: [{ serviceNamespace: namespace, serviceName: target.service, servicePort: target.port, percent: 100 }],
              },
            ],
          },
        },
      ],
    },
  };
}
