/** The EndpointSlices of one Service, computed from the pods it selects. Pure. */
import {
  controllerReference,
  serviceNameLabel,
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  type Pod,
  type Service,
  type ServicePort,
} from '@sluice/kubernetes';
import { isFinished, isReady, isTerminating, realPort } from '../../objects/pod-facts.ts';
import { canonical, hashSuffix } from '../safe-name.ts';

/** Says whose slices these are: ours are the only ones we change. The value is kube-controller-manager's. */
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedByValue = 'endpointslice-controller.k8s.io';

/** Kubernetes' `--max-endpoints-per-slice`. */
const endpointsPerSliceMax = 100;

/**
 * Pods with the same ports share slices: a named target port, or a replaced one, may differ from pod to pod.
 * Names follow from Service, ports and order, so computing twice gives the same slices.
 */
export function slicesOf(service: Service, pods: readonly Pod[]): EndpointSlice[] {
  const groups = new Map<string, { readonly ports: readonly EndpointPort[]; readonly endpoints: Endpoint[] }>();
  for (const pod of [...pods].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
    const endpoint = endpointOf(service, pod);
    if (!endpoint) continue;
    const ports = portsOf(service, pod);
    const group = groups.get(canonical(ports));
    if (group) group.endpoints.push(endpoint);
    else groups.set(canonical(ports), { ports, endpoints: [endpoint] });
  }
  // A Service without pods has a slice that says so: absence alone could as well mean "not looked yet".
  if (groups.size === 0) return [sliceOf(service, [], [], 0)];
  return [...groups.values()].flatMap(({ ports, endpoints }) =>
    chunks(endpoints).map((chunk, index) => sliceOf(service, ports, chunk, index)),
  );
}

function endpointOf({ spec }: Service, pod: Pod): Endpoint | undefined {
  const address = pod.status?.podIP;
  if (address === undefined || isFinished(pod)) return undefined;
  const serving = isReady(pod);
  const terminating = isTerminating(pod);
  const { name, namespace, uid } = pod.metadata;
  return {
    addresses: [address],
    conditions: { ready: (serving && !terminating) || spec.publishNotReadyAddresses === true, serving, terminating },
    targetRef: { kind: 'Pod', name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) },
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
  };
}

function portsOf({ spec }: Service, pod: Pod): EndpointPort[] {
  return (spec.ports ?? []).flatMap((port) => {
    const declared = targetPort(port, pod);
    if (declared === undefined) return [];
    return {
      name: port.name ?? '',
      port: realPort(pod, declared),
      protocol: port.protocol ?? 'TCP',
      ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
    };
  });
}

/** A name is looked up in the pod's containers; a pod without it does not serve that port. */
function targetPort({ port, targetPort: target = port }: ServicePort, { spec }: Pod): number | undefined {
  if (typeof target === 'number') return target;
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  return containers.flatMap(({ ports }) => ports ?? []).find(({ name }) => name === target)?.containerPort;
}

function chunks(endpoints: readonly Endpoint[]): Endpoint[][] {
  const count = Math.ceil(endpoints.length / endpointsPerSliceMax);
  return Array.from({ length: count }, (_, index) => endpoints.slice(index * endpointsPerSliceMax, (index + 1) * endpointsPerSliceMax));
}

function sliceOf(service: Service, ports: readonly EndpointPort[], endpoints: readonly Endpoint[], index: number): EndpointSlice {
  const { name, namespace, labels } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${hashSuffix([name, ports, index], 5)}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: managedByValue },
      ownerReferences: [controllerReference(service)],
    },
    addressType: 'IPv4',
    endpoints,
    ports,
  };
}
