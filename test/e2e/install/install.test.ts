/**
 * The charts, installed by the real helm into the embedded API server, whose rights are enforced; Services applied by the real kubectl; every component a process in a network of its pod.
 * One installation for all of it: tests go on where the one before them ended.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chartFolder } from '../../charts/helm.ts';
import { components, type Manifest } from '../../charts/rendered-chart.ts';
import { eventually } from '../../support/eventually.ts';
import { Cluster, clusterMissing, type CommandResult } from './cluster.ts';
import { startLoad, type Load } from './load.ts';
import { domainMapping, oddSlice, serviceManifest, waysIn } from './manifests.ts';
import { rightsOf } from './granted-rights.ts';
import { nextChart, nextVersion } from './next-chart.ts';
import { ordersOf } from './orders.ts';

const system = 'mesh';

/** What takes minutes is left out of everyday runs. */
const isWhole = process.env['INSTALL'] === 'whole';

/** What is not so by default, and short times: nobody here has minutes. */
const values = {
  autoscalerConfig: { 'scale-to-zero-grace-period': '2s' },
  autoscaler: { statsPort: 8080 },
  controller: { certificates: { issue: true } },
  gateway: { httpsPort: 8443, drain: { graceSeconds: 3, requestSeconds: 20 } },
  activator: { drain: { graceSeconds: 3, requestSeconds: 20 } },
};

/** What takes minutes: left out of the everyday suite, and said so. */
function testWhole(title: string, options: { readonly timeout: number }, run: () => Promise<void>): void {
  test(title, options, async ({ skip }) => {
    skip(!isWhole, 'takes minutes; run by: npx -y pnpm@12 installation');
    await run();
  });
}

describe.skipIf(clusterMissing !== undefined)('the charts, installed', () => {
  const cluster = new Cluster();
  const valuesFile = join(cluster.folder, 'values.json');
  let address = '';
  const loads: Load[] = [];

  beforeAll(() => {
    writeFileSync(valuesFile, JSON.stringify(values));
    return cluster.start({ fromSources: !isWhole });
  }, 300_000);
  afterAll(async () => {
    await Promise.all(loads.map((load) => load.stop()));
    await cluster.stop();
  });

  test('a Service that is applied afterwards has a URL that serves', async () => {
    await ok(cluster.helm(['install', 'sluice-crds', chartFolder('sluice-crds')]));
    await ok(cluster.kubectl(['apply', '-f', join(chartFolder('sluice-crds'), 'gateway-api')]));
    await ok(cluster.helm(['install', 'sluice', chartFolder('sluice'), '--namespace', system, '--create-namespace', '--values', valuesFile, '--wait', '--timeout', '90s']));
    // One process each, under its account, and none had to be started twice.
    const pods = await systemPods();
    expect(pods.map(({ metadata, spec }) => [metadata.labels['app.kubernetes.io/component'], spec.serviceAccountName]).toSorted()).toEqual(
      [['activator', 2], ['autoscaler', 2], ['config-server', 1], ['controller', 1], ['gateway', 2], ['injector', 2]].flatMap(([name, count]) => Array.from({ length: Number(count) }, () => [name, `sluice-${name}`])),
    );
    expect(pods.flatMap(({ status }) => status.containerStatuses.map(({ ready, restartCount }) => [ready, restartCount]))).toEqual(Array.from({ length: 10 }, () => [true, 0]));
    // What the chart brings for this asks a gateway by its name from a pod.
    expect(await ok(cluster.helm(['test', 'sluice', '--namespace', system, '--timeout', '60s']))).toContain('Phase:          Succeeded');
    await apply(serviceManifest({ name: 'hello', annotations: 'autoscaling.knative.dev/min-scale: "1"' }), serviceManifest({ name: 'sleepy', annotations: 'autoscaling.knative.dev/target-burst-capacity: "0"' }));
    await ok(cluster.kubectl(['wait', '--for=condition=Ready', 'ksvc/hello', 'ksvc/sleepy', '--timeout=60s']));
    const url = await ok(cluster.kubectl(['get', 'ksvc/hello', '-o', 'jsonpath={.status.url}']));
    expect(url).toBe('http://hello.default.example.com');
    address = await ok(cluster.kubectl(['get', 'service/sluice-gateway', '-n', system, '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}']));
    expect(await ok(cluster.run(['curl', '-sS', '-m', '20', '--resolve', `hello.default.example.com:80:${address}`, url]))).toBe('hello from hello-00001\n');
  });

  testWhole('an upgrade to the next version and a rollback, under load, lose nothing', { timeout: 300_000 }, async () => {
    const load = startLoads();
    const before = await systemPods();
    await ok(cluster.helm(['upgrade', 'sluice', nextChart(cluster.folder), '--namespace', system, '--values', valuesFile, '--wait', '--timeout', '90s']));
    await allReplaced(before, nextVersion);
    const between = await systemPods();
    await ok(cluster.helm(['rollback', 'sluice', '1', '--namespace', system, '--wait', '--timeout', '90s']));
    await allReplaced(between, '0.1.0');
    await load.lostNothing();
  });

  testWhole('a control plane that is restarted, in every order, loses nothing', { timeout: 900_000 }, async () => {
    const load = startLoads();
    for (const order of ordersOf(['config-server', 'controller', 'autoscaler', 'injector'])) {
      for (const component of order) await ok(cluster.kubectl(['delete', 'pod', '-n', system, '-l', `app.kubernetes.io/component=${component}`, '--wait=false']));
      await eventually(async () => expect(await notReady()).toEqual([]), { withinMs: 60_000 });
    }
    await load.lostNothing();
  });

  testWhole('everything that the chart grants is used', { timeout: 300_000 }, async () => {
    const rest = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const config = (name: string, data: Readonly<Record<string, string>>) => ok(cluster.kubectl(['patch', 'configmap', name, '-n', system, '--type=merge', '-p', JSON.stringify({ data })]));
    const patch = (what: string, body: unknown) => ok(cluster.kubectl(['patch', what, '--type=merge', '-p', JSON.stringify(body)]));
    const ready = (...names: readonly string[]) => ok(cluster.kubectl(['wait', '--for=condition=Ready', ...names, '--timeout=60s']));

    // Caches that are behind: names turn out to be taken.
    await cluster.setLateWatches({ userAgent: 'sluice-controller', lateWatches: lateKinds.map((path, index) => ({ path, delayMs: 4000 + index * 700 })) });
    await ok(cluster.kubectl(['delete', 'pod', '-n', system, '-l', 'app.kubernetes.io/component=controller', '--wait']));
    await eventually(async () => expect(await notReady()).toEqual([]), { withinMs: 60_000 });
    await cluster.setLateWatches({ userAgent: 'sluice-controller', lateWatches: [] });
    await config('config-network', { 'autocreate-cluster-domain-claims': 'true', 'external-domain-tls': 'enabled' });
    await apply(serviceManifest({ name: 'late' }), domainMapping.replaceAll('hello', 'late').replaceAll('www', 'late'));
    await ready('ksvc/late');
    await apply(serviceManifest({ name: 'hello', greeting: 'hi', traffic: '[{ latestRevision: true, percent: 100, tag: newest }]' }), domainMapping, waysIn, serviceManifest({ name: 'steady', annotations: 'autoscaling.knative.dev/class: hpa.autoscaling.knative.dev, autoscaling.knative.dev/metric: cpu, autoscaling.knative.dev/max-scale: "7"' }));
    await ready('ksvc/hello', 'ksvc/steady', 'domainmapping/www.example.org');
    // Whoever slept before is awake now.
    await ok(cluster.run(['curl', '-sSf', '-m', '20', '-H', 'host: sleepy.default.example.com', `http://${address}/`]));
    for (const port of [70_000, 80, 70_000, 80]) {
      await apply(oddSlice(port));
      await rest(1);
    }
    // Somebody asks whether it could be.
    await ok(cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], serviceManifest({ name: 'tried' })));
    // Another's gateways serve it for a while.
    const ingressClass = 'networking.knative.dev/ingress-class';
    await ok(cluster.kubectl(['annotate', 'ksvc/hello', `${ingressClass}=other.ingress.networking.knative.dev`]));
    for (const ip of ['192.0.2.1', '192.0.2.2']) {
      await rest(2);
      const status = { privateLoadBalancer: { ingress: [{ ip }] } };
      await ok(cluster.kubectl(['patch', 'ingresses.networking.internal.knative.dev/hello', '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]));
    }
    await rest(2);
    // A slice that only looks like one of ours: it is put right.
    const slices = JSON.parse(await ok(cluster.kubectl(['get', 'endpointslices', '-l', 'kubernetes.io/service-name=hello-00002', '-o', 'json']))) as { items: readonly Manifest[] };
    const [slice] = slices.items;
    await ok(cluster.kubectl(['create', '-f', '-'], JSON.stringify({ ...slice, metadata: { namespace: 'default', name: 'stray', labels: slice?.metadata.labels } })));
    await eventually(async () => expect((await cluster.kubectl(['get', 'endpointslice/stray'])).stderr).toContain('NotFound'));
    await ok(cluster.kubectl(['annotate', 'ksvc/hello', `${ingressClass}-`]));
    await rest(2);
    // A Certificate for another name: its Secret is written anew.
    const [certificate = ''] = (await ok(cluster.kubectl(['get', 'certificates.networking.internal.knative.dev', '-o', 'name']))).split('\n');
    await patch(certificate, { spec: { dnsNames: ['another.default.example.com'] } });
    await patch('hpa/steady-00001', { spec: { maxReplicas: 100 } });
    await patch('service/hello-00002-private', { spec: { selector: { app: 'other' } } });
    await patch('domainmapping/www.example.org', { metadata: { annotations: { 'networking.knative.dev/http-protocol': 'enabled' } } });
    await ok(cluster.kubectl(['create', 'configmap', 'config-gc', '-n', system, '--from-literal=min-non-active-revisions=0', '--from-literal=max-non-active-revisions=0']));
    await config('config-deployment', { 'queue-sidecar-image': 'sluice.dev/queue-proxy:another' });
    await rest(2);
    await config('config-network', { 'autocreate-cluster-domain-claims': 'false', 'namespace-wildcard-cert-selector': 'matchLabels: { tier: web }' });
    await ok(cluster.kubectl(['delete', 'clusterdomainclaim', 'www.example.org']));
    await ok(cluster.kubectl(['label', 'namespace', 'default', 'tier=web']));
    await rest(2);
    await config('config-network', { 'autocreate-cluster-domain-claims': 'true', 'external-domain-tls': 'disabled' });
    await rest(2);
    await ok(cluster.kubectl(['delete', 'ksvc,domainmapping', '--all', '--wait']));
    await rest(2);
    const { denied, unused, granted } = await rights();
    console.log(`${granted} rights; denied: ${denied.length}; never used: ${unused.length}\n${[...denied, '', ...unused].join('\n')}`);
    expect({ denied, unused }).toEqual({ denied: [], unused: [] });
  });

  test('nobody asked for what he may not', async () => {
    expect((await rights()).denied).toEqual([]);
  });

  async function rights() {
    const list = async (...args: readonly string[]) => (JSON.parse(await ok(cluster.kubectl(['get', ...args, '-l', 'app.kubernetes.io/instance=sluice', '-o', 'json']))) as { items: readonly Manifest[] }).items;
    const objects = [...(await list('clusterroles,clusterrolebindings')), ...(await list('roles,rolebindings', '-n', system))];
    return rightsOf(objects, system, components.map((name) => `sluice-${name}`), await cluster.decisions());
  }

  /** Steady requests, ones that take their time, and ones to a Service that has gone to sleep in between. */
  function startLoads(): { lostNothing(): Promise<void> } {
    const wishes = [
      { host: 'hello.default.example.com', connections: 3, pauseMs: 15 },
      { host: 'hello.default.example.com', path: '/slow?ms=1500', connections: 2, pauseMs: 15 },
      { host: 'sleepy.default.example.com', connections: 1, pauseMs: 10_000 },
    ];
    const running = wishes.map((wish) => startLoad(cluster, { ...wish, address }));
    loads.push(...running);
    return {
      async lostNothing() {
        loads.length = 0;
        const reports = await Promise.all(running.map((load) => load.stop()));
        console.log(reports.map(({ answered, slowestMs }, index) => `${wishes[index]?.host}${wishes[index]?.path ?? ''}: ${answered} answered, the slowest in ${slowestMs} ms`).join('\n'));
        expect(reports.map(({ lost }) => lost)).toEqual(reports.map(() => []));
        for (const { answered } of reports) expect(answered).toBeGreaterThan(0);
      },
    };
  }

  async function systemPods(): Promise<readonly SystemPod[]> {
    return (JSON.parse(await ok(cluster.kubectl(['get', 'pods', '-n', system, '-o', 'json']))) as { items: readonly SystemPod[] }).items;
  }

  async function notReady(): Promise<string[]> {
    const pods = await systemPods();
    const missing = components.filter((name) => !pods.some(({ metadata }) => metadata.labels['app.kubernetes.io/component'] === name && metadata.deletionTimestamp === undefined));
    return [...missing, ...pods.filter(({ metadata, status }) => metadata.deletionTimestamp !== undefined || !(status.containerStatuses ?? [{ ready: false }]).every(({ ready }) => ready)).map(({ metadata }) => metadata.name)];
  }

  /** Waits until none of the pods is there any more, and all that are there are of this version. */
  async function allReplaced(former: readonly SystemPod[], version: string): Promise<void> {
    await eventually(async () => {
      const pods = await systemPods();
      expect(pods.filter(({ metadata }) => former.some((one) => one.metadata.name === metadata.name)).map(({ metadata }) => metadata.name)).toEqual([]);
      expect([...new Set(pods.map(({ spec }) => spec.containers[0]?.image.split(':')[1]))]).toEqual([version]);
    }, { withinMs: 60_000 });
  }

  async function apply(...manifests: readonly string[]): Promise<void> {
    await ok(cluster.kubectl(['apply', '-f', '-'], manifests.join('---\n')));
  }
});

/** What the controller makes, in the order in which it does: a name that is taken already is found out only where its cache is behind. */
const lateKinds = [
  '/apis/serving.knative.dev/v1/configurations',
  '/apis/serving.knative.dev/v1/routes',
  '/apis/networking.internal.knative.dev/v1alpha1/clusterdomainclaims',
  '/apis/serving.knative.dev/v1/revisions',
  '/apis/autoscaling.internal.knative.dev/v1alpha1/podautoscalers',
  '/apis/apps/v1/deployments',
  '/api/v1/services',
  '/apis/networking.internal.knative.dev/v1alpha1/certificates',
  '/apis/networking.internal.knative.dev/v1alpha1/ingresses',
];

interface SystemPod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly serviceAccountName: string; readonly containers: readonly { readonly image: string }[] };
  readonly status: { readonly containerStatuses: readonly { readonly ready: boolean; readonly restartCount: number }[] };
}

async function ok(running: Promise<CommandResult>): Promise<string> {
  const { code, stdout, stderr } = await running;
  expect(`${code} ${code === 0 ? '' : stdout + stderr}`).toBe('0 ');
  return stdout;
}
