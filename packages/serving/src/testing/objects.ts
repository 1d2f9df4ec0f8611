/** Small objects for tests: complete enough to be valid, and no more. */
import type { Configuration } from '../api/configuration.ts';
import type { Condition, ObjectMeta } from '../api/object.ts';
import type { PodAutoscaler } from '../api/pod-autoscaler.ts';
import type { Revision, RevisionSpec } from '../api/revision.ts';
import type { Route, TrafficTarget } from '../api/route.ts';
import type { ServerlessService, ServingMode } from '../api/serverless-service.ts';
import type { Service } from '../api/service.ts';
import { labels } from '../labels.ts';
import { deploymentName, privateServiceName } from '../names.ts';
import type { EndpointSliceView } from '../model/endpoints.ts';

type Meta = Partial<ObjectMeta>;

const namespace = 'default';
const readyNow: readonly Condition[] = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];

export function aService(
  name: string,
  options: {
    readonly metadata?: Meta;
    readonly spec?: Partial<RevisionSpec>;
    readonly template?: Meta;
    readonly traffic?: readonly TrafficTarget[];
  } = {},
): Service {
  const { metadata, spec, template, traffic } = options;
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: { name, namespace, ...metadata },
    spec: {
      template: {
        ...(template ? { metadata: template } : {}),
        spec: { containers: [{ image: 'example/hello' }], ...spec },
      },
      ...(traffic ? { traffic } : {}),
    },
  };
}

export function aConfiguration(
  name: string,
  options: { readonly metadata?: Meta; readonly status?: Configuration['status'] } = {},
): Configuration {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Configuration',
    metadata: { name, namespace, uid: `uid-${name}`, generation: 1, ...options.metadata },
    spec: { template: { spec: { containers: [{ image: 'example/hello' }] } } },
    ...(options.status ? { status: options.status } : {}),
  };
}

/** A revision `<configuration>-0000N`, ready unless said otherwise. */
export function aRevision(
  configuration: string,
  generation = 1,
  options: {
    readonly metadata?: Meta;
    readonly spec?: Partial<RevisionSpec>;
    readonly conditions?: readonly Condition[];
  } = {},
): Revision {
  const name = `${configuration}-${String(generation).padStart(5, '0')}`;
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Revision',
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      generation: 1,
      ...options.metadata,
      labels: {
        [labels.configuration]: configuration,
        [labels.service]: configuration,
        [labels.configurationGeneration]: String(generation),
        ...options.metadata?.labels,
      },
    },
    spec: {
      containerConcurrency: 0,
      timeoutSeconds: 300,
      containers: [
        { name: 'user-container', image: 'example/hello', readinessProbe: { successThreshold: 1, tcpSocket: {} } },
      ],
      ...options.spec,
    },
    status: { observedGeneration: 1, conditions: options.conditions ?? readyNow },
  };
}

/** @param traffic of the status: what has been resolved */
export function aRoute(name: string, traffic: readonly TrafficTarget[], metadata: Meta = {}): Route {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Route',
    metadata: { name, namespace, uid: `uid-${name}`, generation: 1, ...metadata },
    spec: { traffic },
    status: { observedGeneration: 1, traffic },
  };
}

export function aPodAutoscaler(revision: string, status?: PodAutoscaler['status']): PodAutoscaler {
  return {
    apiVersion: 'autoscaling.internal.knative.dev/v1alpha1',
    kind: 'PodAutoscaler',
    metadata: { name: revision, namespace },
    spec: {
      containerConcurrency: 0,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deploymentName(revision) },
      protocolType: 'http1',
    },
    ...(status ? { status } : {}),
  };
}

export function aServerlessService(revision: string, mode: ServingMode, numActivators = 0): ServerlessService {
  return {
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'ServerlessService',
    metadata: { name: revision, namespace },
    spec: {
      mode,
      numActivators,
      objectRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deploymentName(revision) },
      protocolType: 'http1',
    },
  };
}

/** The pods behind a revision's private Service; `!` before an address says that it is not ready. */
export function podSlice(revision: string, addresses: readonly string[], suffix = 'a'): EndpointSliceView {
  return slice(namespace, privateServiceName(revision), addresses, 8012, suffix);
}

/** The activators. */
export function activatorSlice(addresses: readonly string[]): EndpointSliceView {
  return slice('sluice-system', 'activator-service', addresses, 8012, 'a');
}

function slice(
  inNamespace: string,
  service: string,
  addresses: readonly string[],
  port: number,
  suffix: string,
): EndpointSliceView {
  return {
    metadata: {
      namespace: inNamespace,
      name: `${service}-${suffix}`,
      labels: { 'kubernetes.io/service-name': service },
    },
    endpoints: addresses.map((text) => ({
      addresses: [text.replace('!', '')],
      conditions: { ready: !text.startsWith('!') },
      targetRef: { kind: 'Pod', name: `pod-${text.replace('!', '')}` },
    })),
    ports: [{ name: 'http', port }],
  };
}
