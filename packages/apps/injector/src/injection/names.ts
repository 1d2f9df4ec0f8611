/** What people write on namespaces and pods, and what is written on pods here. */

/** On a namespace: `enabled` or `disabled`. */
export const namespaceLabel = 'sluice.dev/injection';

/** On a pod: `true` or `false`. `false` always holds; `true` holds where the namespace says nothing. */
export const podLabel = 'sluice.dev/inject';

/** What was put into a pod, so that it can be taken out again. */
export const recordAnnotation = 'sluice.dev/injected';

/** Settings of one pod. */
export const podAnnotations = {
  nativeSidecar: 'proxy.sluice.dev/native-sidecar',
  capture: 'proxy.sluice.dev/capture',
  includeInboundPorts: 'proxy.sluice.dev/include-inbound-ports',
  excludeInboundPorts: 'proxy.sluice.dev/exclude-inbound-ports',
  includeOutboundCidrs: 'proxy.sluice.dev/include-outbound-cidrs',
  excludeOutboundCidrs: 'proxy.sluice.dev/exclude-outbound-cidrs',
  excludeOutboundPorts: 'proxy.sluice.dev/exclude-outbound-ports',
  excludeOutboundUids: 'proxy.sluice.dev/exclude-outbound-uids',
  outbound: 'proxy.sluice.dev/outbound',
  httpProxy: 'proxy.sluice.dev/http-proxy',
  rewriteProbes: 'proxy.sluice.dev/rewrite-probes',
  logLevel: 'proxy.sluice.dev/log-level',
  concurrency: 'proxy.sluice.dev/concurrency',
  cpuRequest: 'proxy.sluice.dev/cpu-request',
  cpuLimit: 'proxy.sluice.dev/cpu-limit',
  memoryRequest: 'proxy.sluice.dev/memory-request',
  memoryLimit: 'proxy.sluice.dev/memory-limit',
} as const;

export const proxyContainer = 'sluice-proxy';
export const captureContainer = 'sluice-capture';
export const noTokenVolume = 'sluice-no-token';
/** Where `iptables` keeps its lock, on a root that cannot be written. */
export const captureVolume = 'sluice-capture-run';

/** Where a kubelet asks for the proxy and, through it, for programs. As Istio's agent (`statusPort`). */
export const statusPort = 15_020;
/** The first of the inbound listeners, one for each port of a program. */
export const inboundPortsFrom = 15_100;
/** Where captured connections of the pod's programs arrive. As Istio's. */
export const captureOutboundPort = 15_001;
/** Where programs send requests for Services, that are told to by `http_proxy`. */
export const httpProxyPort = 15_080;
/** The config service knows proxies of pods by this and their namespace, and names for them stand in this table: as `@sluice/translator` has it. */
export const sidecarGroupPrefix = 'sluice-sidecar/';
export const sidecarRouteTable = 'outbound_services';
/** The admin pages, for nobody outside the pod. As Envoy's in Istio. */
export const adminPort = 15_000;
/** Who the proxy is in its pod; capture leaves its traffic alone. As Istio's proxies. */
export const proxyUser = 1337;
/** Where a server puts the workload's API token into every container that has nothing there. */
export const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount';
