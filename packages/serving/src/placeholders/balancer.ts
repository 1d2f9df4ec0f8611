/** Where the name of a Route leads in the cluster: the gateways' own name or address, as who serves the Route says it. */
import type { IngressStatus, LoadBalancerStatus } from '../api/ingress.ts';

export type Balancer =
  | { readonly kind: 'name'; readonly host: string }
  | { readonly kind: 'address'; readonly ip: string }
  /** Each proxy of a mesh knows the way: the name must be there, and lead nowhere. */
  | { readonly kind: 'mesh' };

/**
 * What an Ingress says, in Knative's order: clients in the cluster go to the private side where there is one; an address counts before
 * a name. Undefined while it says nothing, or more than one place.
 * https://github.com/knative/serving/blob/main/pkg/reconciler/route/resources/service.go
 * @param isHidden whether clients outside may not see it: then the public side is not for it
 */
export function balancerOf(status: IngressStatus | undefined, isHidden: boolean): Balancer | undefined {
  const side = isHidden || hasAny(status?.privateLoadBalancer) ? status?.privateLoadBalancer : status?.publicLoadBalancer;
  const [only, ...others] = side?.ingress ?? [];
  if (only === undefined || others.length > 0) return undefined;
  if (only.ip) return { kind: 'address', ip: only.ip };
  const host = only.domainInternal || only.domain;
  if (host) return { kind: 'name', host };
  return only.meshOnly ? { kind: 'mesh' } : undefined;
}

function hasAny(side: LoadBalancerStatus | undefined): boolean {
  return (side?.ingress ?? []).length > 0;
}
