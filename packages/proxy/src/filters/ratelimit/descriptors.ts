/** The descriptors of a request, by what its route says and by what a filter says in its place. */
import type { RateLimitDescriptor, RateLimitRule, RouteRateLimits } from '../../rate-limit-rule.ts';
import type { Stream } from '../../stream.ts';

/** Whether those of the virtual host count beside those of the route: when the route has none, always, or never. */
export type HostLimitsMode = 'OVERRIDE' | 'INCLUDE' | 'IGNORE';
export const hostLimitsModes: readonly HostLimitsMode[] = ['OVERRIDE', 'INCLUDE', 'IGNORE'];

export interface DescriptorOptions {
  readonly stage: number;
  readonly hostLimits: HostLimitsMode;
  /** In place of what routes say. */
  readonly ownRules: readonly RateLimitRule[];
  readonly nodeCluster: string;
}

const none: readonly RateLimitDescriptor[] = [];

export function descriptorsOf(stream: Stream, { stage, hostLimits, ownRules, nodeCluster }: DescriptorOptions): readonly RateLimitDescriptor[] {
  const limits = stream.route?.rateLimits;
  if (ownRules.length === 0 && !limits) return none;
  const { request, info, clientHost, route } = stream;
  const clusterName = route?.action.kind === 'forward' ? route.action.clusterName : '';
  const input = { request, info, clientHost, clusterName, routeMetadata: route?.metadata, nodeCluster };
  const found: RateLimitDescriptor[] = [];
  const add = (rules: readonly RateLimitRule[]): void => {
    for (const rule of rules) {
      const descriptor = rule.stage === stage ? rule.descriptorOf(input) : undefined;
      if (descriptor) found.push(descriptor);
    }
  };
  if (ownRules.length > 0) {
    add(ownRules);
  } else if (limits) {
    add(limits.route);
    if (countsHost(limits, hostLimits)) add(limits.virtualHost);
  }
  return found;
}

function countsHost({ route, includesVirtualHost }: RouteRateLimits, mode: HostLimitsMode): boolean {
  if (mode === 'IGNORE') return false;
  return mode === 'INCLUDE' || includesVirtualHost || route.length === 0;
}
