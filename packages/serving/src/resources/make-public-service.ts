/**
 * ServerlessService → the public Service, for gateways that are not ours: its one name stands for the pods of a revision or for the
 * activators before them, whichever is the way. What lies behind it is written here, so it selects nothing.
 */
import type { ServingObject } from '../api/object.ts';
import type { ServerlessService } from '../api/serverless-service.ts';
import { inheritedAnnotations, labels } from '../labels.ts';
import { activatorSubset } from '../model/activator-subset.ts';
import { endpointsOf, type EndpointSliceView } from '../model/endpoints.ts';
import { childName } from '../names.ts';
import type { ServingEndpoint } from '../serving-model.ts';
import { ownerReference } from './owner-reference.ts';
import { queuePorts, queueServingPort } from './serving-container.ts';

export interface PublicService extends ServingObject {
  readonly spec: {
    readonly ports: readonly { readonly name: string; readonly port: number; readonly targetPort: number; readonly protocol: 'TCP'; readonly appProtocol?: string }[];
  };
}

export interface PublicSlice extends ServingObject {
  readonly addressType: 'IPv4' | 'IPv6';
  readonly endpoints: readonly {
    readonly addresses: readonly [string];
    readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean };
    readonly targetRef?: { readonly kind: 'Pod'; readonly namespace: string; readonly name: string };
  }[];
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: 'TCP' }[];
}

export interface PublicEndpoints {
  readonly sks: ServerlessService;
  /** Of its private Service. */
  readonly pods: readonly EndpointSliceView[];
  /** Of the activators' Service. */
  readonly activators: readonly EndpointSliceView[];
}

/** Says who writes a slice: Kubernetes leaves alone what is not its own. */
export const sliceManager = { label: 'endpointslice.kubernetes.io/managed-by', name: 'sluice-controller' } as const;

/** Kubernetes takes no more in one slice. */
const endpointsPerSliceMax = 1000;

export function makePublicService(sks: ServerlessService): PublicService {
  const { name, namespace = '' } = sks.metadata;
  const isH2c = sks.spec.protocolType === 'h2c';
  const annotations = inheritedAnnotations(sks.metadata.annotations);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      labels: { ...sks.metadata.labels, [labels.serviceType]: 'Public', [labels.serverlessService]: name },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ownerReferences: [ownerReference(sks)],
    },
    spec: {
      ports: [
        {
          name: portNameOf(sks),
          port: isH2c ? 81 : 80,
          targetPort: queueServingPort(sks.spec.protocolType),
          protocol: 'TCP',
          ...(isH2c ? { appProtocol: 'kubernetes.io/h2c' } : {}),
        },
        { name: 'https', port: 443, targetPort: queuePorts.https, protocol: 'TCP' },
      ],
    },
  };
}

/** @param service the public one as it is stored: what lies behind it goes with it */
export function makePublicSlices(service: ServingObject, facts: PublicEndpoints): PublicSlice[] {
  const { sks } = facts;
  const { name, namespace = '', labels: own } = service.metadata;
  const secure = securePorts(facts);
  const groups = new Map<string, ServingEndpoint[]>();
  for (const endpoint of behind(facts)) {
    const key = [endpoint.address.includes(':') ? 'v6' : 'v4', endpoint.port, secure.get(endpoint.address) ?? 0].join('-');
    const group = groups.get(key);
    if (group) group.push(endpoint);
    else groups.set(key, [endpoint]);
  }
  return [...groups].flatMap(([key, endpoints]) =>
    chunks(endpoints).map((chunk, index): PublicSlice => {
      const [first] = chunk;
      const securePort = secure.get(first?.address ?? '');
      return {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          name: childName(name, `-${key}-${index}`),
          namespace,
          labels: { ...own, 'kubernetes.io/service-name': name, [sliceManager.label]: sliceManager.name },
          // Nothing waits for it to go: to make a Service wait would be a right of its own.
          ownerReferences: [{ ...ownerReference(service), blockOwnerDeletion: false }],
        },
        addressType: key.startsWith('v6') ? 'IPv6' : 'IPv4',
        endpoints: chunk.map((endpoint) => toEndpoint(endpoint, namespace)),
        ports: [
          { name: portNameOf(sks), port: first?.port ?? 0, protocol: 'TCP' },
          ...(securePort === undefined ? [] : [{ name: 'https', port: securePort, protocol: 'TCP' as const }]),
        ],
      };
    }),
  );
}

/** As the mode says; but never to nobody while there is somebody. */
function behind({ sks, pods, activators }: PublicEndpoints): readonly ServingEndpoint[] {
  const found = endpointsOf(pods, [portNameOf(sks)]);
  const isAwake = found.some(({ ready }) => ready);
  const ready = endpointsOf(activators, sks.spec.protocolType === 'h2c' ? ['http2', 'h2c', 'http'] : ['http', 'http1']).filter((one) => one.ready && !one.terminating);
  const isProxying = sks.spec.mode === 'Proxy' || !isAwake;
  if (!isProxying || (ready.length === 0 && isAwake)) return found;
  // Their pods are in another namespace, which nobody need know.
  return activatorSubset(ready, sks.spec.numActivators ?? 0, sks.metadata.name).map((one) => ({ ...one, podName: '' }));
}

/** By address: a pod has one port for TLS, and so has an activator, if they have any. */
function securePorts({ pods, activators }: PublicEndpoints): ReadonlyMap<string, number> {
  return new Map([...endpointsOf(pods, ['https']), ...endpointsOf(activators, ['https'])].map(({ address, port }) => [address, port]));
}

function toEndpoint({ address, ready, terminating, podName }: ServingEndpoint, namespace: string): PublicSlice['endpoints'][number] {
  return {
    addresses: [address],
    conditions: { ready, serving: ready, terminating },
    ...(podName === '' ? {} : { targetRef: { kind: 'Pod', namespace, name: podName } }),
  };
}

function portNameOf({ spec }: ServerlessService): string {
  return spec.protocolType === 'h2c' ? 'http2' : 'http';
}

function chunks<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / endpointsPerSliceMax);
  return Array.from({ length: count }, (_, index) => items.slice(index * endpointsPerSliceMax, (index + 1) * endpointsPerSliceMax));
}
