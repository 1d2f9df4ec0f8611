/**
 * The charts, installed by the real helm into the embedded API server, whose rights are enforced; Services applied by the real kubectl; every component a process in a network of its pod.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chartFolder } from '../../charts/helm.ts';
import { Cluster, clusterMissing } from './cluster.ts';

const system = 'mesh';

describe.skipIf(clusterMissing !== undefined)('the charts, installed', () => {
  const cluster = new Cluster();
  beforeAll(() => cluster.start());
  afterAll(() => cluster.stop());

  test('a Service that is applied afterwards has a URL that serves', async () => {
    await ok(cluster.helm(['install', 'sluice-crds', chartFolder('sluice-crds')]));
    await ok(cluster.kubectl(['apply', '-f', join(chartFolder('sluice-crds'), 'gateway-api')]));
    await ok(cluster.helm(['install', 'sluice', chartFolder('sluice'), '--namespace', system, '--create-namespace', '--wait', '--timeout', '90s']));

    // One process each, under its account, and none had to be started twice.
    const pods = JSON.parse(await ok(cluster.kubectl(['get', 'pods', '-n', system, '-o', 'json']))) as PodList;
    expect(pods.items.map(({ metadata, spec }) => [metadata.labels['app.kubernetes.io/component'], spec.serviceAccountName]).toSorted()).toEqual(
      [['activator', 2], ['autoscaler', 2], ['config-server', 1], ['controller', 1], ['gateway', 2], ['injector', 2]].flatMap(([name, count]) => Array.from({ length: Number(count) }, () => [name, `sluice-${name}`])),
    );
    expect(pods.items.flatMap(({ status }) => status.containerStatuses.map(({ ready, restartCount }) => [ready, restartCount]))).toEqual(Array.from({ length: 10 }, () => [true, 0]));
    await ok(cluster.kubectl(['apply', '-f', '-'], helloService('hello')));
    await ok(cluster.kubectl(['wait', '--for=condition=Ready', 'ksvc/hello', '--timeout=60s']));
    const url = await ok(cluster.kubectl(['get', 'ksvc/hello', '-o', 'jsonpath={.status.url}']));
    expect(url).toBe('http://hello.default.example.com');
    const address = await ok(cluster.kubectl(['get', 'service/sluice-gateway', '-n', system, '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}']));
    const answer = await ok(cluster.run(['curl', '-sS', '-m', '20', '--resolve', `hello.default.example.com:80:${address}`, url]));
    expect(answer).toBe('hello from hello-00001\n');
  });
});

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: { readonly serviceAccountName: string };
    readonly status: { readonly containerStatuses: readonly { readonly ready: boolean; readonly restartCount: number }[] };
  }[];
}

async function ok(running: Promise<{ code: number; stdout: string; stderr: string }>): Promise<string> {
  const { code, stdout, stderr } = await running;
  expect(`${code} ${code === 0 ? '' : stdout + stderr}`).toBe('0 ');
  return stdout;
}

function helloService(name: string, annotations = '', env = ''): string {
  return `apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: ${name} }
spec:
  template:
    metadata: { annotations: { autoscaling.knative.dev/window: 6s${annotations} } }
    spec:
      containerConcurrency: 10
      containers:
        - image: example.test/hello:1
          env: [${env}]
`;
}
