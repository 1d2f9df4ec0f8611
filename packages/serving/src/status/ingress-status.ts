/** What an Ingress says of itself, by what gateways have made of it. */
import type { Ingress, IngressStatus, LoadBalancerStatus } from '../api/ingress.ts';
import { livingConditions, isFalse, isTrue } from './condition-set.ts';
import type { GatewayVerdict } from './gateway-verdict.ts';

const dependents = ['NetworkConfigured', 'LoadBalancerReady'];

/** Hosts in the cluster by which gateways are reached: what a Route's placeholder Service points to. */
export interface GatewayDomains {
  readonly external: string;
  /** Where hosts that are the cluster's own are known, too. */
  readonly internal: string;
}

export function ingressStatus(ingress: Ingress, { ready, message }: GatewayVerdict, domains: GatewayDomains, now: string): IngressStatus {
  const { generation } = ingress.metadata;
  const mark = ready ? isTrue : isFalse('GatewayRefused', message);
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: livingConditions({
      dependents,
      marks: { NetworkConfigured: mark, LoadBalancerReady: mark },
      previous: ingress.status?.conditions,
      now,
    }),
    publicLoadBalancer: loadBalancer(domains.external),
    privateLoadBalancer: loadBalancer(domains.internal),
  };
}

function loadBalancer(domainInternal: string): LoadBalancerStatus {
  return { ingress: [{ domainInternal }] };
}
