export type { Endpoint, EndpointHealth, EndpointLocality, EndpointMetadata } from './endpoint.ts';
export { Host, type HostHealth, type HostPicked } from './host.ts';
export { changeHosts, emptyHostSet, refreshHosts, type HostSet, type HostSetChange, type PriorityHosts } from './host-set.ts';
export { anyHost, type Picker, type PickContext, type PickResult, type UnavailableReason } from './pick.ts';
export { createLoadBalancer, type LoadBalancer, type LoadBalancerOptions } from './load-balancer.ts';
export type { PolicySpec } from './policies.ts';
