/** What an Ingress says of itself, by what gateways have made of it. */
import type { Ingress, IngressStatus } from '../api/ingress.ts';
import { livingConditions, isFalse, isTrue } from './condition-set.ts';
import type { GatewayVerdict } from './gateway-verdict.ts';

const dependents = ['NetworkConfigured', 'LoadBalancerReady'];

export function ingressStatus(ingress: Ingress, { ready, message }: GatewayVerdict, now: string): IngressStatus {
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
  };
}
