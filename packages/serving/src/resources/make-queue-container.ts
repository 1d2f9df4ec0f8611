/** The sidecar that stands in front of each pod's program. Its environment is its contract. */
import type { EnvVar, Probe } from '../api/pod-spec.ts';
import type { Revision } from '../api/revision.ts';
import type { DeploymentConfig } from '../config/deployment-config.ts';
import { labels } from '../labels.ts';
import type { PodContainer, PodProbe } from './pod-container.ts';
import { protocolOf, queuePorts, queueServingPort, servingContainer, userPort } from './serving-container.ts';

/** Its name is reserved: no user container may have it. */
export const queueContainerName = 'queue-proxy';

/** What the makers of pods need to know beyond the revision itself. */
export interface PodOptions {
  readonly deployment: DeploymentConfig;
  /** Where the sidecars report their load: `host:port` of the config service. Empty: nowhere. */
  readonly configService: string;
  /** The namespace of the control plane. */
  readonly systemNamespace: string;
}

export function makeQueueContainer(revision: Revision, options: PodOptions): PodContainer {
  const { queueSidecarImage, queueSidecarCommand, queueSidecarRequests } = options.deployment;
  const servingPort = queueServingPort(protocolOf(revision));
  return {
    name: queueContainerName,
    image: queueSidecarImage,
    ...(queueSidecarCommand.length === 0 ? {} : { command: queueSidecarCommand }),
    ports: [
      { name: 'http-autometric', containerPort: queuePorts.autoscalerMetrics },
      { name: 'http-usermetric', containerPort: queuePorts.userMetrics },
      { name: 'queue-port', containerPort: servingPort },
      { name: 'https-port', containerPort: queuePorts.https },
    ],
    env: queueEnvironment(revision, options, servingPort),
    readinessProbe: kubeletProbe(servingContainer(revision.spec)?.readinessProbe, servingPort),
    ...(Object.keys(queueSidecarRequests).length === 0 ? {} : { resources: { requests: queueSidecarRequests } }),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

/** The kubelet asks the sidecar, in the user probe's rhythm, and the sidecar asks the program. */
function kubeletProbe(user: Probe | undefined, servingPort: number): PodProbe {
  const { httpGet: _, tcpSocket: __, grpc: ___, exec: ____, ...numbers } = user ?? {};
  return {
    ...numbers,
    httpGet: { port: servingPort, httpHeaders: [{ name: 'K-Network-Probe', value: 'queue' }] },
  };
}

/** The program's own probe as the sidecar performs it: on the pod's loopback, with the port as a number. */
function userProbe(revision: Revision): PodProbe {
  const port = userPort(revision.spec);
  const { httpGet, tcpSocket: _, grpc, exec: __, ...numbers } = servingContainer(revision.spec)?.readinessProbe ?? {};
  const timed = numbers.periodSeconds ? { ...numbers, timeoutSeconds: numbers.timeoutSeconds || 1 } : numbers;
  if (httpGet) return { ...timed, httpGet: { ...httpGet, host: '127.0.0.1', port, scheme: httpGet.scheme ?? 'HTTP' } };
  if (grpc) return { ...timed, grpc: { ...grpc, port } };
  // A command cannot be run from the sidecar: the kubelet runs it, and here the port alone is asked.
  return { successThreshold: 1, ...timed, tcpSocket: { port, host: '127.0.0.1' } };
}

function queueEnvironment(revision: Revision, options: PodOptions, servingPort: number): EnvVar[] {
  const { spec, metadata } = revision;
  const configuration = metadata.ownerReferences?.find(({ kind }) => kind === 'Configuration')?.name;
  return [
    { name: 'SERVING_NAMESPACE', value: metadata.namespace ?? '' },
    { name: 'SERVING_SERVICE', value: metadata.labels?.[labels.service] ?? '' },
    { name: 'SERVING_CONFIGURATION', value: configuration ?? metadata.labels?.[labels.configuration] ?? '' },
    { name: 'SERVING_REVISION', value: metadata.name },
    { name: 'QUEUE_SERVING_PORT', value: String(servingPort) },
    { name: 'QUEUE_SERVING_TLS_PORT', value: String(queuePorts.https) },
    { name: 'CONTAINER_CONCURRENCY', value: String(spec.containerConcurrency ?? 0) },
    { name: 'REVISION_TIMEOUT_SECONDS', value: String(spec.timeoutSeconds ?? 0) },
    { name: 'REVISION_RESPONSE_START_TIMEOUT_SECONDS', value: String(spec.responseStartTimeoutSeconds ?? 0) },
    { name: 'REVISION_IDLE_TIMEOUT_SECONDS', value: String(spec.idleTimeoutSeconds ?? 0) },
    fromField('SERVING_POD', 'metadata.name'),
    fromField('SERVING_POD_IP', 'status.podIP'),
    fromField('HOST_IP', 'status.hostIP'),
    { name: 'USER_PORT', value: String(userPort(spec)) },
    { name: 'SERVING_READINESS_PROBE', value: JSON.stringify(userProbe(revision)) },
    // Required to be there by the contract; empty means the sidecar's own defaults.
    { name: 'SERVING_LOGGING_CONFIG', value: '' },
    { name: 'SERVING_LOGGING_LEVEL', value: '' },
    { name: 'SYSTEM_NAMESPACE', value: options.systemNamespace },
    ...(options.configService === '' ? [] : [{ name: 'SLUICE_CONFIG_SERVICE', value: options.configService }]),
  ];
}

function fromField(name: string, fieldPath: string): EnvVar {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
