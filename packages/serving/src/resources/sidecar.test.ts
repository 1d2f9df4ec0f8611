/** What of the cluster's configuration reaches pods and their sidecars. */
import { describe, expect, test } from 'vitest';
import type { RevisionSpec } from '../api/revision.ts';
import { defaultServingConfig, updateServingConfig, type ServingConfig } from '../config/serving-config.ts';
import { aRevision } from '../testing/index.ts';
import { makeDeployment, type RevisionPodSpec } from './make-deployment.ts';

type Maps = Readonly<Record<string, Readonly<Record<string, string>>>>;

interface Given {
  readonly maps?: Maps;
  readonly spec?: Partial<RevisionSpec>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
}

function configOf(maps: Maps = {}): ServingConfig {
  return Object.entries(maps).reduce((config, [name, data]) => {
    const update = updateServingConfig(config, name, data);
    if (update.problems.length > 0) throw new Error(JSON.stringify(update.problems));
    return update.config;
  }, defaultServingConfig);
}

function podOf({ maps = {}, spec = {}, annotations = {}, labels = {} }: Given): RevisionPodSpec {
  const revision = aRevision('hello', 1, { spec, metadata: { annotations, labels } });
  return makeDeployment(revision, { config: configOf(maps), configService: '', systemNamespace: 's' }).spec.template.spec;
}

function sidecarOf(given: Given) {
  const sidecar = podOf(given).containers.at(-1);
  const environment = Object.fromEntries((sidecar?.env ?? []).map(({ name, value }) => [name, value]));
  return { sidecar, environment };
}

describe('what the sidecar gets', () => {
  const user = (requests: Readonly<Record<string, string>>, limits: Readonly<Record<string, string>> = {}): Partial<RevisionSpec> => ({
    containers: [{ name: 'u', image: 'a', resources: { requests, limits } }],
  });

  test('is a little CPU, where nothing is said', () => {
    expect(sidecarOf({}).sidecar?.resources).toEqual({ requests: { cpu: '25m' } });
  });

  test('is what the cluster says', () => {
    const maps = { 'config-deployment': { 'queue-sidecar-cpu-request': '50m', 'queue-sidecar-memory-limit': '1Gi' } };
    expect(sidecarOf({ maps }).sidecar?.resources).toEqual({ requests: { cpu: '50m' }, limits: { memory: '1Gi' } });
  });

  test('has defaults for all where the flag is on', () => {
    const maps = { 'config-features': { 'queueproxy.resource-defaults': 'enabled' } };
    expect(sidecarOf({ maps }).sidecar?.resources).toEqual({
      requests: { cpu: '25m', memory: '400Mi' },
      limits: { cpu: '1000m', memory: '800Mi' },
    });
  });

  test('is a share of what the program has, within bounds', () => {
    const annotations = { 'queue.sidecar.serving.knative.dev/resource-percentage': '10' };
    const spec = user({ cpu: '800m', memory: '100Mi' }, { cpu: '10', memory: '4000Mi' });
    expect(sidecarOf({ spec, annotations }).sidecar?.resources).toEqual({
      requests: { cpu: '80m', memory: String(50 * 2 ** 20) },
      limits: { cpu: '500m', memory: String(400 * 2 ** 20) },
    });
  });

  test.each(['cpu', 'memory', 'ephemeral-storage'])('of %s is what the revision says, asked for and at most', (resource) => {
    const key = (bound: string) => `queue.sidecar.serving.knative.dev/${resource}-resource-${bound}`;
    const { resources } = sidecarOf({ annotations: { [key('request')]: '3', [key('limit')]: '4' } }).sidecar ?? {};
    expect(resources).toMatchObject({ requests: { [resource]: '3' }, limits: { [resource]: '4' } });
  });

  test('is a share by the older spelling, too', () => {
    const annotations = { 'queue.sidecar.serving.knative.dev/resourcePercentage': '5' };
    expect(sidecarOf({ spec: user({ cpu: '1' }), annotations }).sidecar?.resources).toEqual({ requests: { cpu: '50m' } });
  });

  test('is what the revision says above all', () => {
    const annotations = {
      'queue.sidecar.serving.knative.dev/resource-percentage': '10',
      'queue.sidecar.serving.knative.dev/cpu-resource-request': '1',
      'queue.sidecar.serving.knative.dev/ephemeral-storage-resource-limit': '1Gi',
    };
    expect(sidecarOf({ spec: user({ cpu: '800m' }), annotations }).sidecar?.resources).toEqual({
      requests: { cpu: '1' },
      limits: { 'ephemeral-storage': '1Gi' },
    });
  });
});

describe('what the sidecar is told', () => {
  test('of logs, metrics and traces', () => {
    const maps = {
      'config-logging': { 'zap-logger-config': '{}', 'loglevel.queueproxy': 'debug' },
      'config-observability': { 'request-metrics-protocol': 'prometheus', 'runtime-profiling': 'enabled' },
    };
    const { environment, sidecar } = sidecarOf({ maps });
    expect(environment).toMatchObject({ SERVING_LOGGING_CONFIG: '{}', SERVING_LOGGING_LEVEL: 'debug' });
    expect(JSON.parse(environment['OBSERVABILITY_CONFIG'] ?? '')).toMatchObject({
      requestMetrics: { protocol: 'prometheus' },
      Runtime: { profiling: 'enabled' },
    });
    expect(sidecar?.ports).toContainEqual({ name: 'http-profiling', containerPort: 8008 });
  });

  test('of full duplex, which a revision asks for', () => {
    expect(sidecarOf({}).environment['ENABLE_HTTP_FULL_DUPLEX']).toBe('false');
    const annotations = { 'features.knative.dev/http-full-duplex': 'Enabled' };
    expect(sidecarOf({ annotations }).environment['ENABLE_HTTP_FULL_DUPLEX']).toBe('true');
  });

  test('of HTTP/2 to be found out', () => {
    const maps = { 'config-features': { 'autodetect-http2': 'Enabled' } };
    expect(sidecarOf({ maps }).environment['ENABLE_HTTP2_AUTO_DETECTION']).toBe('true');
  });

  test('of TLS and of whom to trust', () => {
    const data = {
      'queue-sidecar-rootca': 'PEM',
      'queue-sidecar-tls-min-version': '1.2',
      'queue-sidecar-tls-max-version': '1.3',
      'queue-sidecar-tls-cipher-suites': 'A,B',
      'queue-sidecar-tls-curve-preferences': 'X25519',
    };
    expect(sidecarOf({ maps: { 'config-deployment': data } }).environment).toMatchObject({
      ROOT_CA: 'PEM',
      QUEUE_PROXY_TLS_MIN_VERSION: '1.2',
      QUEUE_PROXY_TLS_MAX_VERSION: '1.3',
      QUEUE_PROXY_TLS_CIPHER_SUITES: 'A,B',
      QUEUE_PROXY_TLS_CURVE_PREFERENCES: 'X25519',
    });
    expect(sidecarOf({}).environment).not.toHaveProperty('QUEUE_PROXY_TLS_MAX_VERSION');
  });

  test('of all probes, where all containers are probed', () => {
    const maps = { 'config-features': { 'multi-container-probing': 'Enabled' } };
    const containers = [
      { name: 'beside', image: 'b', readinessProbe: { successThreshold: 1, httpGet: { path: '/ok', port: 5000 } } },
      { name: 'app', image: 'a', ports: [{ containerPort: 3000 }], livenessProbe: { tcpSocket: { port: 4000 } } },
      { name: 'commanded', image: 'c', readinessProbe: { exec: { command: ['true'] } } },
    ];
    const { environment } = sidecarOf({ maps, spec: { containers } });
    expect(environment['ENABLE_MULTI_CONTAINER_PROBES']).toBe('true');
    expect(JSON.parse(environment['SERVING_READINESS_PROBE'] ?? '')).toEqual([
      { successThreshold: 1, tcpSocket: { port: 3000, host: '127.0.0.1' } },
      { successThreshold: 1, httpGet: { path: '/ok', port: 5000, host: '127.0.0.1', scheme: 'HTTP' } },
    ]);
    const [beside, app] = podOf({ maps, spec: { containers } }).containers;
    expect(beside).not.toHaveProperty('readinessProbe');
    expect(app?.livenessProbe).toEqual({ tcpSocket: { port: 4000 } });
    expect(podOf({ spec: { containers } }).containers[1]?.livenessProbe).toEqual({ tcpSocket: { port: 3000 } });
  });
});

describe('volumes for the sidecar', () => {
  test('hold tokens for audiences', () => {
    const given = { maps: { 'config-deployment': { 'queue-sidecar-token-audiences': 'sink' } } };
    const sources = [{ serviceAccountToken: { audience: 'sink', expirationSeconds: 3600, path: 'sink' } }];
    expect(podOf(given).volumes).toEqual([{ name: 'knative-token-volume', projected: { sources } }]);
    expect(sidecarOf(given).sidecar?.volumeMounts).toEqual([
      { name: 'knative-token-volume', mountPath: '/var/run/secrets/tokens', readOnly: true },
    ]);
  });

  test('hold certificates where the cluster speaks TLS inside', () => {
    const given = { maps: { 'config-network': { 'system-internal-tls': 'enabled' } } };
    expect(podOf(given).volumes).toEqual([{ name: 'server-certs', secret: { secretName: 'serving-certs', optional: true } }]);
  });

  test('hold the annotations of the pod where they are asked for', () => {
    const maps = { 'config-features': { 'queueproxy.mount-podinfo': 'Allowed' } };
    const annotations = { 'features.knative.dev/queueproxy-podinfo': 'enabled' };
    expect(podOf({ maps }).volumes).toBeUndefined();
    expect(podOf({ maps, annotations }).volumes?.map(({ name }) => name)).toEqual(['pod-info']);
    expect(sidecarOf({ maps, annotations }).sidecar?.volumeMounts?.[0]?.mountPath).toBe('/etc/podinfo');
  });
});

describe('pods', () => {
  test('have as they are the fields that are only passed on', () => {
    const container = { name: 'u', image: 'a', args: ['x'], imagePullPolicy: 'Always', terminationMessagePath: '/last', envFrom: [{ secretRef: { name: 's' } }] };
    const spec = { containers: [container], imagePullSecrets: [{ name: 'pull' }], serviceAccountName: 'robot', nodeSelector: { disk: 'ssd' } };
    const pod = podOf({ spec });
    expect(pod.containers[0]).toMatchObject(container);
    expect(pod).toMatchObject({ imagePullSecrets: spec.imagePullSecrets, serviceAccountName: 'robot', nodeSelector: spec.nodeSelector });
  });

  test('share their logs with the node where the cluster collects them', () => {
    const pod = podOf({ maps: { 'config-observability': { 'logging.enable-var-log-collection': 'true' } } });
    expect(pod.volumes).toEqual([{ name: 'knative-var-log', emptyDir: {} }]);
    expect(pod.containers[0]?.volumeMounts).toEqual([
      { name: 'knative-var-log', mountPath: '/var/log', subPathExpr: '$(K_INTERNAL_POD_NAMESPACE)_$(K_INTERNAL_POD_NAME)_user-container' },
    ]);
    expect(pod.containers[1]).not.toHaveProperty('volumeMounts');
  });

  test('run in the class that their labels choose, unless they choose one themselves', () => {
    const maps = { 'config-deployment': { 'runtime-class-name': 'gvisor: { selector: { isolated: "yes" } }' } };
    expect(podOf({ maps, labels: { isolated: 'yes' } }).runtimeClassName).toBe('gvisor');
    expect(podOf({ maps }).runtimeClassName).toBeUndefined();
    expect(podOf({ maps, labels: { isolated: 'yes' }, spec: { runtimeClassName: 'kata' } }).runtimeClassName).toBe('kata');
  });

  test('rather stand apart, unless the cluster or the revision says otherwise', () => {
    expect(podOf({})).toHaveProperty('affinity.podAntiAffinity');
    expect(podOf({ maps: { 'config-deployment': { 'default-affinity-type': 'none' } } })).not.toHaveProperty('affinity');
    expect(podOf({ spec: { affinity: { nodeAffinity: {} } } }).affinity).toEqual({ nodeAffinity: {} });
  });

  test('begin as many as the cluster says', () => {
    const options = { config: defaultServingConfig, configService: '', systemNamespace: 's', initialScale: 3 };
    expect(makeDeployment(aRevision('hello'), options).spec.replicas).toBe(3);
  });
});
