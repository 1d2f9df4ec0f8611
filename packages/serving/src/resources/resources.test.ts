import { describe, expect, test } from 'vitest';
import type { RevisionSpec } from '../api/revision.ts';
import { defaultServingConfig } from '../config/serving-config.ts';
import { defaultDeployment } from '../config/deployment-config.ts';
import { annotations, labels } from '../labels.ts';
import { aConfiguration, aRevision, aServerlessService, aService } from '../testing/index.ts';
import { makeConfiguration } from './make-configuration.ts';
import { makeDeployment } from './make-deployment.ts';
import { makePodAutoscaler } from './make-pod-autoscaler.ts';
import { makePrivateService } from './make-private-service.ts';
import type { PodOptions } from './make-queue-container.ts';
import { makeRevision } from './make-revision.ts';
import { makeRoute } from './make-route.ts';

const options: PodOptions = {
  config: defaultServingConfig,
  configService: '127.0.0.1:18000',
  systemNamespace: 'sluice-system',
};

function containersOf(spec: Partial<RevisionSpec> = {}, given: PodOptions = options) {
  const [user, queue] = makeDeployment(aRevision('hello', 1, { spec }), given).spec.template.spec.containers;
  const environment = Object.fromEntries((queue?.env ?? []).map(({ name, value }) => [name, value]));
  return { user, queue, environment };
}

describe('a Service becomes', () => {
  const service = aService('hello', {
    metadata: {
      uid: 'u',
      labels: { team: 'a' },
      annotations: { note: 'x', [annotations.lastApplied]: '{}', [annotations.rolloutDuration]: '10s' },
    },
    traffic: [
      { revisionName: 'hello-00001', percent: 90 },
      { percent: 10, tag: 'new' },
    ],
  });
  const owner = {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    name: 'hello',
    uid: 'u',
    controller: true,
    blockOwnerDeletion: true,
  };

  test('a Configuration with its template as it was written', () => {
    expect(makeConfiguration(service)).toEqual({
      apiVersion: 'serving.knative.dev/v1',
      kind: 'Configuration',
      metadata: {
        name: 'hello',
        namespace: 'default',
        labels: { team: 'a', [labels.service]: 'hello', [labels.serviceUid]: 'u' },
        annotations: { note: 'x' },
        ownerReferences: [owner],
      },
      spec: { template: service.spec.template },
    });
  });

  test('a Route that follows that Configuration where it names no revision', () => {
    const route = makeRoute(service);
    expect(route.metadata).toMatchObject({
      annotations: { note: 'x', [annotations.rolloutDuration]: '10s' },
      ownerReferences: [owner],
    });
    expect(route.spec.traffic).toEqual([
      { revisionName: 'hello-00001', latestRevision: false, percent: 90 },
      { configurationName: 'hello', latestRevision: true, percent: 10, tag: 'new' },
    ]);
  });
});

describe('a Configuration becomes a Revision', () => {
  test('named by generation, complete, with the labels by which it is found', () => {
    const configuration = aConfiguration('hello', {
      metadata: { generation: 12, labels: { [labels.service]: 'hello' } },
    });
    const revision = makeRevision(configuration, defaultServingConfig);
    expect(revision.metadata).toMatchObject({
      name: 'hello-00012',
      labels: {
        [labels.configuration]: 'hello',
        [labels.configurationGeneration]: '12',
        [labels.service]: 'hello',
        [labels.routingState]: 'pending',
      },
      ownerReferences: [{ kind: 'Configuration', name: 'hello', controller: true }],
    });
    expect(revision.spec).toMatchObject({
      timeoutSeconds: 300,
      containerConcurrency: 0,
      containers: [{ name: 'user-container' }],
    });
  });
});

describe('a Revision becomes a Deployment', () => {
  test('that selects by uid, replaces without a gap, and gives requests the time they may take', () => {
    const { spec, metadata } = makeDeployment(aRevision('hello', 1, { spec: { timeoutSeconds: 45 } }), options);
    expect(metadata.name).toBe('hello-00001-deployment');
    expect(spec).toMatchObject({
      replicas: 1,
      selector: { matchLabels: { [labels.revisionUid]: 'uid-hello-00001' } },
      strategy: { rollingUpdate: { maxUnavailable: 0 } },
      revisionHistoryLimit: 0,
      progressDeadlineSeconds: 600,
      template: {
        metadata: { labels: { app: 'hello-00001', [labels.revision]: 'hello-00001' } },
        spec: { terminationGracePeriodSeconds: 45 },
      },
    });
    expect(spec.template.spec).not.toHaveProperty('containerConcurrency');
    expect(spec.template.metadata.labels).not.toHaveProperty(labels.routingState);
  });

  test('whose user container is told the port and who it is, after what its owner tells it', () => {
    const { user } = containersOf({
      containers: [
        {
          name: 'user-container',
          image: 'a',
          command: ['node', 's.js'],
          workingDir: '/srv',
          env: [{ name: 'A', value: 'b' }],
          ports: [{ containerPort: 3000 }],
        },
      ],
    });
    expect(user).toEqual({
      name: 'user-container',
      image: 'a',
      command: ['node', 's.js'],
      workingDir: '/srv',
      env: [
        { name: 'A', value: 'b' },
        { name: 'PORT', value: '3000' },
        { name: 'K_REVISION', value: 'hello-00001' },
        { name: 'K_CONFIGURATION', value: 'hello' },
        { name: 'K_SERVICE', value: 'hello' },
      ],
      ports: [{ name: 'user-port', containerPort: 3000 }],
      lifecycle: { preStop: { httpGet: { port: 8022, path: '/wait-for-drain' } } },
      terminationMessagePolicy: 'FallbackToLogsOnError',
    });
  });

  test('with the sidecar last, its environment by the contract', () => {
    const { queue, environment } = containersOf({ containerConcurrency: 10, idleTimeoutSeconds: 5 });
    expect(queue).toMatchObject({
      name: 'queue-proxy',
      ports: [
        { name: 'http-autometric', containerPort: 9090 },
        { name: 'http-usermetric', containerPort: 9091 },
        { name: 'queue-port', containerPort: 8012 },
        { name: 'https-port', containerPort: 8112 },
      ],
      readinessProbe: {
        httpGet: { port: 8012, httpHeaders: [{ name: 'K-Network-Probe', value: 'queue' }] },
        successThreshold: 1,
      },
    });
    expect(queue).not.toHaveProperty('command');
    expect(environment).toMatchObject({
      CONTAINER_CONCURRENCY: '10',
      QUEUE_SERVING_PORT: '8012',
      QUEUE_SERVING_TLS_PORT: '8112',
      USER_PORT: '8080',
      REVISION_TIMEOUT_SECONDS: '300',
      REVISION_RESPONSE_START_TIMEOUT_SECONDS: '0',
      REVISION_IDLE_TIMEOUT_SECONDS: '5',
      SERVING_NAMESPACE: 'default',
      SERVING_SERVICE: 'hello',
      SERVING_CONFIGURATION: 'hello',
      SERVING_REVISION: 'hello-00001',
      SERVING_LOGGING_CONFIG: '',
      SERVING_LOGGING_LEVEL: '',
      SYSTEM_NAMESPACE: 'sluice-system',
      SLUICE_CONFIG_SERVICE: '127.0.0.1:18000',
      SERVING_READINESS_PROBE: '{"successThreshold":1,"tcpSocket":{"port":8080,"host":"127.0.0.1"}}',
    });
    expect(queue?.env).toContainEqual({
      name: 'SERVING_POD_IP',
      valueFrom: { fieldRef: { fieldPath: 'status.podIP' } },
    });
  });

  test('whose sidecar believes the config service by certificates in its environment', () => {
    const authority = { certificates: 'PEM', serverName: 'mesh.test' };
    expect(containersOf({}, { ...options, configServiceAuthority: authority }).environment).toMatchObject({ SLUICE_CONFIG_SERVICE_CA: 'PEM', SLUICE_CONFIG_SERVICE_SERVER_NAME: 'mesh.test' });
    expect(containersOf({}).environment).not.toHaveProperty('SLUICE_CONFIG_SERVICE_CA');
    // Where there is nobody to report to, there is nobody to believe.
    expect(containersOf({}, { ...options, configService: '', configServiceAuthority: authority }).environment).not.toHaveProperty('SLUICE_CONFIG_SERVICE_CA');
  });

  test('whose sidecar has a command where the floor runs no images', () => {
    const { queue } = containersOf(
      {},
      { ...options, config: { ...defaultServingConfig, deployment: { ...defaultDeployment, queueSidecarCommand: ['node', 'q.js'] } } },
    );
    expect(queue?.command).toEqual(['node', 'q.js']);
  });

  test("whose h2c port moves the sidecar's own", () => {
    const { queue, environment } = containersOf({
      containers: [{ name: 'u', image: 'a', ports: [{ name: 'h2c', containerPort: 50051 }] }],
    });
    expect(environment['QUEUE_SERVING_PORT']).toBe('8013');
    expect(environment['USER_PORT']).toBe('50051');
    expect(queue?.readinessProbe?.httpGet?.port).toBe(8013);
  });

  test.each<[string, object, string]>([
    [
      'HTTP',
      { httpGet: { path: '/ok' }, periodSeconds: 2 },
      '{"periodSeconds":2,"timeoutSeconds":1,"httpGet":{"path":"/ok","host":"127.0.0.1","port":8080,"scheme":"HTTP"}}',
    ],
    ['gRPC', { grpc: { service: 'x' } }, '{"grpc":{"service":"x","port":8080}}'],
    [
      'a command',
      { exec: { command: ['true'] } },
      '{"successThreshold":1,"tcpSocket":{"port":8080,"host":"127.0.0.1"}}',
    ],
  ])('whose sidecar asks by %s for the kubelet', (_, readinessProbe, expected) => {
    const { user, environment } = containersOf({ containers: [{ name: 'u', image: 'a', readinessProbe }] });
    expect(environment['SERVING_READINESS_PROBE']).toBe(expected);
    // A command can only be run by the kubelet, so that one stays.
    expect(user?.readinessProbe).toEqual('exec' in readinessProbe ? readinessProbe : undefined);
  });

  test('with as many pods as it is to begin with, which its hash does not count', () => {
    const revision = aRevision('hello', 1, {
      metadata: { annotations: { 'autoscaling.knative.dev/initial-scale': '3' } },
    });
    expect(makeDeployment(revision, options).spec.replicas).toBe(3);
    const hash = (given: PodOptions) =>
      makeDeployment(aRevision('hello'), given).metadata.annotations?.[annotations.specHash];
    expect(hash(options)).toBe(hash(options));
    expect(hash({ ...options, configService: 'elsewhere:1' })).not.toBe(hash(options));
  });

  test('with the deadline that it asks for', () => {
    const revision = aRevision('hello', 1, { metadata: { annotations: { [annotations.progressDeadline]: '90s' } } });
    expect(makeDeployment(revision, options).spec.progressDeadlineSeconds).toBe(90);
  });
});

describe('a Revision becomes a PodAutoscaler', () => {
  const reachability = (routingState: string | undefined, failed = false) =>
    makePodAutoscaler(
      aRevision('hello', 1, routingState ? { metadata: { labels: { [labels.routingState]: routingState } } } : {}),
      failed,
    ).spec.reachability;

  test('with its annotations, and what it is to scale', () => {
    const revision = aRevision('hello', 1, {
      metadata: { annotations: { 'autoscaling.knative.dev/window': '10s' } },
      spec: { containerConcurrency: 3 },
    });
    expect(makePodAutoscaler(revision, false)).toMatchObject({
      metadata: { name: 'hello-00001', annotations: { 'autoscaling.knative.dev/window': '10s' } },
      spec: {
        containerConcurrency: 3,
        protocolType: 'http1',
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'hello-00001-deployment' },
      },
    });
  });

  test('whose reachability follows the routes, unless it cannot run', () => {
    expect([reachability('active'), reachability('reserve'), reachability('pending'), reachability(undefined)]).toEqual(
      ['Reachable', 'Unreachable', '', ''],
    );
    expect(reachability('active', true)).toBe('Unreachable');
  });
});

test('a ServerlessService for h2c gets a private Service that says so', () => {
  const sks = {
    ...aServerlessService('hello-00001', 'Serve'),
    spec: { ...aServerlessService('hello-00001', 'Serve').spec, protocolType: 'h2c' as const },
  };
  expect(makePrivateService(sks, { uid: '1' }).spec).toMatchObject({
    selector: { uid: '1' },
    ports: [
      { name: 'http2', port: 80, targetPort: 8013, appProtocol: 'kubernetes.io/h2c' },
      {},
      {},
      {},
      { name: 'http2-istio', port: 8013 },
    ],
  });
});
