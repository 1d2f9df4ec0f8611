/** What goes wrong in a run, and when. */
import type { Random } from '@sluice/kernel';
import { between, pick } from './draw.ts';
import type { ServicePlan } from './service-plan.ts';

export const components = ['config-server', 'controller', 'autoscaler', 'activator', 'gateway'] as const;
export type ComponentName = (typeof components)[number];

/**
 * `kill`: the process ends without a word; the kubelet starts it again. `cut-streams`: the connections to the
 * config service break. `cut-watches`: those to the API server. `partition`: nothing leaves or reaches the
 * component. `latency`: every link of the component is this much slower. `kill-pod`: one container of a running
 * pod ends. `failing-pod`, `slow-pod`: so it goes with the next pod that starts. `bad-push`: a proxy is sent routes that
 * are no routes, as bytes that do not decode or as a resource that does not validate.
 */
export type Fault =
  | { readonly kind: 'kill'; readonly component: ComponentName }
  | { readonly kind: 'cut-streams'; readonly component: ComponentName }
  | { readonly kind: 'cut-watches'; readonly component: ComponentName }
  | { readonly kind: 'partition'; readonly component: ComponentName }
  | { readonly kind: 'latency'; readonly component: ComponentName; readonly addedMs: number }
  | { readonly kind: 'kill-pod'; readonly service: string; readonly container: 'user-container' | 'queue-proxy' }
  | { readonly kind: 'failing-pod'; readonly service: string }
  | { readonly kind: 'slow-pod'; readonly service: string; readonly factor: number }
  | { readonly kind: 'bad-push'; readonly component: 'gateway' | 'activator'; readonly how: 'bytes' | 'resource' };

export interface FaultPlan {
  readonly atMs: number;
  /** How long it lasts; 0 for what is done in a moment. */
  readonly forMs: number;
  readonly fault: Fault;
}

export function planFaults(random: Random, services: readonly ServicePlan[], horizonMs: number): FaultPlan[] {
  const names = services.map(({ name }) => name) as [string, ...string[]];
  return Array.from({ length: between(random, 1, 4) }, () => drawFault(random, names, between(random, 0, horizonMs)));
}

function drawFault(random: Random, services: readonly [string, ...string[]], atMs: number): FaultPlan {
  // Killing the gateway would cut every client's connection, which says nothing about the mesh behind it.
  const killed = pick(random, ['config-server', 'controller', 'autoscaler', 'activator']);
  const connected = pick(random, ['gateway', 'activator', 'autoscaler']);
  const watching = pick(random, ['config-server', 'controller', 'autoscaler']);
  const partitioned = pick(random, ['config-server', 'controller', 'autoscaler', 'activator']);
  const service = pick(random, services);
  const forMs = between(random, 1000, 8000);
  return pick<FaultPlan>(random, [
    { atMs, forMs: 0, fault: { kind: 'kill', component: killed } },
    { atMs, forMs: 0, fault: { kind: 'cut-streams', component: connected } },
    { atMs, forMs: 0, fault: { kind: 'cut-watches', component: watching } },
    { atMs, forMs, fault: { kind: 'partition', component: partitioned } },
    { atMs, forMs, fault: { kind: 'latency', component: pick(random, components), addedMs: pick(random, [20, 100, 300]) } },
    { atMs, forMs: 0, fault: { kind: 'kill-pod', service, container: pick(random, ['user-container', 'queue-proxy']) } },
    { atMs, forMs: 0, fault: { kind: 'failing-pod', service } },
    { atMs, forMs: 0, fault: { kind: 'slow-pod', service, factor: pick(random, [5, 20]) } },
    { atMs, forMs: 0, fault: { kind: 'bad-push', component: pick(random, ['gateway', 'activator']), how: pick(random, ['bytes', 'resource']) } },
  ]);
}
