/** The objects of one revision and its route, as controllers, the autoscaler and Kubernetes would have written them. */
import type { ConfigMap, EndpointSlice, KubernetesObject } from '@sluice/kubernetes';
import type { PodAutoscaler, Revision, Route, ServerlessService, ServingMode } from '@sluice/serving';

const namespace = 'default';

export function revisionObject(name: string, containerConcurrency = 0): Revision {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Revision',
    metadata: { name, namespace },
    spec: { containers: [{ image: 'app' }], containerConcurrency, timeoutSeconds: 300 },
  };
}

export function podAutoscalerObject(name: string): PodAutoscaler {
  return {
    apiVersion: 'autoscaling.internal.knative.dev/v1alpha1',
    kind: 'PodAutoscaler',
    metadata: { name, namespace },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-deployment` }, protocolType: 'http1' },
  };
}

export function serverlessServiceObject(name: string, mode: ServingMode): ServerlessService {
  return {
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'ServerlessService',
    metadata: { name, namespace },
    spec: { mode, objectRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: `${name}-deployment` }, protocolType: 'http1' },
  };
}

/** @param shares percent by revision name, as the controller has resolved them */
export function routeObject(name: string, shares: Readonly<Record<string, number>>): Route {
  const traffic = Object.entries(shares).map(([revisionName, percent]) => ({ revisionName, percent }));
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Route',
    metadata: { name, namespace },
    spec: { traffic },
    status: { traffic },
  };
}

/** The pods behind a revision's private Service; an address with a `!` in front is not ready. */
export function podSlice(revision: string, addresses: readonly string[]): EndpointSlice {
  return slice(namespace, `${revision}-private`, addresses);
}

export function activatorSlice(addresses: readonly string[]): EndpointSlice {
  return slice('sluice-system', 'activator-service', addresses);
}

function slice(sliceNamespace: string, service: string, addresses: readonly string[]): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${service}-abc`, namespace: sliceNamespace, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8012, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({
      addresses: [address.replace('!', '')],
      conditions: { ready: !address.startsWith('!') },
    })),
  };
}

/** Under which domain routes are visible outside. */
export function domainConfigMap(domain: string): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'config-domain', namespace: 'sluice-system' },
    data: { [domain]: '' },
  };
}

/** A Service `hello` with one revision, one pod and one activator, visible as `hello.default.localhost`. */
export function helloObjects(): readonly KubernetesObject[] {
  return [
    revisionObject('hello-00001', 10),
    podAutoscalerObject('hello-00001'),
    serverlessServiceObject('hello-00001', 'Serve'),
    routeObject('hello', { 'hello-00001': 100 }),
    podSlice('hello-00001', ['10.0.0.1']),
    activatorSlice(['10.0.9.1']),
    domainConfigMap('localhost'),
  ];
}
