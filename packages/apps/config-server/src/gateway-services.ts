/** The Services in front of the gateways. */
import { clusterHost, type GatewayDomains } from '@sluice/serving';

/** `namespace/name` of each. */
export interface GatewayServices {
  /** For clients outside. */
  readonly external: string;
  /** For clients in the cluster. */
  readonly internal: string;
}

export function gatewayServicesIn(namespace: string): GatewayServices {
  return { external: `${namespace}/sluice-gateway`, internal: `${namespace}/sluice-gateway-internal` };
}

export function domainsOf({ external, internal }: GatewayServices, clusterDomain: string): GatewayDomains {
  return { external: clusterHost(external, clusterDomain), internal: clusterHost(internal, clusterDomain) };
}
