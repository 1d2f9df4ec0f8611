/** The Services of a cluster as sidecars reach them. */
import type { LiveModel, ServiceView } from '@sluice/serving';
import type { MeshPort, MeshService } from '@sluice/translator';

type PortView = NonNullable<NonNullable<ServiceView['spec']>['ports']>[number];

/** Services that are names for something elsewhere are left to name servers. */
export function meshService(service: ServiceView, model: Pick<LiveModel, 'findBackend'>): MeshService | undefined {
  const { metadata, spec = {} } = service;
  const { namespace = '', name } = metadata;
  if (spec.type === 'ExternalName') return undefined;
  const ports = (spec.ports ?? []).flatMap((port): MeshPort[] => {
    const protocol = protocolOf(port);
    const backend = model.findBackend({ namespace, service: name, port: port.port, ...(protocol === 'h2c' ? { protocol } : {}) });
    return typeof backend === 'string' ? [] : [{ port: port.port, isHttp: protocol !== 'tcp', backend }];
  });
  const { clusterIP = '' } = spec;
  return ports.length === 0 ? undefined : { namespace, name, clusterIp: clusterIP === 'None' ? '' : clusterIP, ports };
}

/** By `appProtocol`, else by the beginning of the port's name, as injected proxies know the ports of their own pod. */
function protocolOf({ name = '', appProtocol }: PortView): 'http1' | 'h2c' | 'tcp' {
  const word = appProtocol?.replace(/^kubernetes\.io\//, '') ?? name;
  if (/^(http2|h2c|grpc)(-(?!web)|$)/.test(word)) return 'h2c';
  return /^(http|ws|grpc-web)(-|$)/.test(word) ? 'http1' : 'tcp';
}
