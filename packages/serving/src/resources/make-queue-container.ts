/** The sidecar that stands in front of each pod's program. Its environment is its contract. */
import type { EnvVar, Probe, Resources } from '../api/pod-spec.ts';
import type { Revision } from '../api/revision.ts';
import type { DeploymentConfig } from '../config/deployment-config.ts';
import { formatSidecarObservability } from '../config/observability-config.ts';
import type { ServingConfig } from '../config/serving-config.ts';
import { annotations, isAskedFor, labels } from '../labels.ts';
import type { PodContainer, PodProbe } from './pod-container.ts';
import { protocolOf, queuePorts, queueServingPort, servingContainer, userPort } from './serving-container.ts';
import { sidecarProbes } from './sidecar-probes.ts';
import { sidecarAmounts } from './sidecar-resources.ts';
import { sidecarVolumes } from './sidecar-volumes.ts';

/** Its name is reserved: no user container may have it. */
export const queueContainerName = 'queue-proxy';

/** What the makers of pods need to know beyond the revision itself. */
export interface PodOptions {
  readonly config: Pick<ServingConfig, 'deployment' | 'features' | 'logging' | 'network' | 'observability'>;
  /** How many pods a revision begins with that does not say so. Default 1. */
  readonly initialScale?: number;
  /** Where the sidecars report their load: `host:port` of the config service. Empty: nowhere. */
  readonly configService: string;
  /** By whose word they believe it, as certificates in PEM, and for which name; empty for the host in the address. Default: they do not speak TLS. */
  readonly configServiceAuthority?: { readonly certificates: string; readonly serverName: string } | undefined;
  /** The namespace of the control plane. */
  readonly systemNamespace: string;
}

export function makeQueueContainer(revision: Revision, options: PodOptions): PodContainer {
  const { deployment, observability } = options.config;
  const servingPort = queueServingPort(protocolOf(revision));
  const resources = queueResources(revision, options);
  const mounts = sidecarVolumes(revision, options.config).map(({ mount }) => mount);
  return {
    name: queueContainerName,
    image: deployment.queueSidecarImage,
    ...(deployment.queueSidecarCommand.length === 0 ? {} : { command: deployment.queueSidecarCommand }),
    ports: [
      { name: 'http-autometric', containerPort: queuePorts.autoscalerMetrics },
      { name: 'http-usermetric', containerPort: queuePorts.userMetrics },
      ...(observability.runtime.profiling ? [{ name: 'http-profiling', containerPort: queuePorts.profiling }] : []),
      { name: 'queue-port', containerPort: servingPort },
      { name: 'https-port', containerPort: queuePorts.https },
    ],
    env: queueEnvironment(revision, options, servingPort),
    readinessProbe: kubeletProbe(servingContainer(revision.spec)?.readinessProbe, servingPort),
    ...(Object.keys(resources).length === 0 ? {} : { resources }),
    ...(mounts.length === 0 ? {} : { volumeMounts: mounts }),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function queueResources(revision: Revision, { config }: PodOptions): Resources {
  const { deployment, features } = config;
  const user = servingContainer(revision.spec)?.resources;
  const base = { annotations: revision.metadata.annotations ?? {}, hasDefaults: features['queueproxy.resource-defaults'] === 'Enabled' };
  const requests = sidecarAmounts({ ...base, bound: 'request', configured: deployment.queueSidecarRequests, user: user?.requests ?? {} });
  const limits = sidecarAmounts({ ...base, bound: 'limit', configured: deployment.queueSidecarLimits, user: user?.limits ?? {} });
  return {
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
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

function queueEnvironment(revision: Revision, options: PodOptions, servingPort: number): EnvVar[] {
  const { spec, metadata } = revision;
  const { deployment, features, logging, observability } = options.config;
  const configuration = metadata.ownerReferences?.find(({ kind }) => kind === 'Configuration')?.name;
  const probesAll = features['multi-container-probing'] === 'Enabled';
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
    { name: 'SERVING_READINESS_PROBE', value: sidecarProbes(revision, probesAll) },
    { name: 'ENABLE_HTTP_FULL_DUPLEX', value: String(isAskedFor(revision, annotations.fullDuplex)) },
    { name: 'ENABLE_HTTP2_AUTO_DETECTION', value: String(features['autodetect-http2'] === 'Enabled') },
    { name: 'ENABLE_MULTI_CONTAINER_PROBES', value: String(probesAll) },
    // Required to be there by the contract; empty means the sidecar's own defaults.
    { name: 'SERVING_LOGGING_CONFIG', value: logging.loggerConfig },
    { name: 'SERVING_LOGGING_LEVEL', value: logging.levels['queueproxy'] ?? '' },
    { name: 'OBSERVABILITY_CONFIG', value: formatSidecarObservability(observability) },
    { name: 'SYSTEM_NAMESPACE', value: options.systemNamespace },
    { name: 'ROOT_CA', value: deployment.queueSidecarRootCa },
    ...tlsEnvironment(deployment),
    ...scalingTarget(metadata.annotations ?? {}),
    ...configServiceEnvironment(options),
  ];
}

/** Certificates of authorities stand in the environment itself: the pod's namespace is not ours to put a file into. */
function configServiceEnvironment({ configService, configServiceAuthority: authority }: PodOptions): EnvVar[] {
  if (configService === '') return [];
  return [
    { name: 'SLUICE_CONFIG_SERVICE', value: configService },
    ...(authority ? [{ name: 'SLUICE_CONFIG_SERVICE_CA', value: authority.certificates }] : []),
    ...(authority && authority.serverName !== '' ? [{ name: 'SLUICE_CONFIG_SERVICE_SERVER_NAME', value: authority.serverName }] : []),
  ];
}

/** So that the sidecar can tell of load beyond it at once. A target of another metric is none of requests in flight. */
function scalingTarget(annotations: Readonly<Record<string, string>>): EnvVar[] {
  const target = annotations['autoscaling.knative.dev/target'];
  const metric = annotations['autoscaling.knative.dev/metric'] ?? 'concurrency';
  return target === undefined || metric !== 'concurrency' || !(Number(target) > 0) ? [] : [{ name: 'SLUICE_SCALING_TARGET', value: target }];
}

/** Only what the cluster sets: the rest stands at the sidecar's own defaults. */
function tlsEnvironment({ queueSidecarTls: tls }: DeploymentConfig): EnvVar[] {
  const all = [
    { name: 'QUEUE_PROXY_TLS_MIN_VERSION', value: tls.minVersion },
    { name: 'QUEUE_PROXY_TLS_MAX_VERSION', value: tls.maxVersion },
    { name: 'QUEUE_PROXY_TLS_CIPHER_SUITES', value: tls.cipherSuites },
    { name: 'QUEUE_PROXY_TLS_CURVE_PREFERENCES', value: tls.curvePreferences },
  ];
  return all.filter(({ value }) => value !== '');
}

function fromField(name: string, fieldPath: string): EnvVar {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
