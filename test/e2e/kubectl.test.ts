/** What a Knative user does with kubectl: revisions, splits, tags, tables, watches, deletion. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { kubernetesTools, kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { get, getSecurely, load } from './http-client.ts';
import { LocalMesh } from './local-mesh.ts';

const mesh = new LocalMesh();
const host = 'hello.default.localhost';

const service = (greeting: string, traffic: string): string => `
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: hello
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/window: 10s
        autoscaling.knative.dev/min-scale: "1"
    spec:
      containerConcurrency: 100
      containers:
        - image: sluice.dev/examples/hello
          command: [node, server.js]
          env:
            - name: GREETING
              value: ${greeting}
${traffic}`;

/** Nothing of Knative's: a Deployment, a Service, and two ways in. */
const plainService = (program: string): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: plain }
spec:
  selector: { matchLabels: { app: plain } }
  template:
    metadata: { labels: { app: plain } }
    spec:
      containers:
        - name: program
          image: sluice.dev/examples/hello
          command: [node, ${program}]
          env: [{ name: PORT, value: "8080" }, { name: GREETING, value: Plainly }]
          ports: [{ containerPort: 8080 }]
          readinessProbe: { httpGet: { port: 8080, path: / }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: plain }
spec:
  selector: { app: plain }
  ports: [{ name: web, port: 80, targetPort: 8080 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge }
spec:
  gatewayClassName: sluice
  listeners: [{ name: http, port: 80, protocol: HTTP }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: plain }
spec:
  parentRefs: [{ name: edge }]
  hostnames: [route.example.test]
  rules: [{ backendRefs: [{ name: plain, port: 80 }] }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: plain }
spec:
  ingressClassName: sluice
  rules:
    - host: ingress.example.test
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: plain, port: { name: web } } } }] }
`;

describe.skipIf(kubernetesToolsMissing !== undefined)('kubectl', () => {
  beforeAll(() => mesh.start('--https-port', '0'));
  afterAll(() => mesh.dispose());

  test('a Service is served over HTTPS by a certificate that is made for it, under the mesh’s own authority', async () => {
    // The set-up does not wait for ever for certificates.
    await eventually(async () => expect(await mesh.kubectlOutput('get ksvc hello -o jsonpath={.status.url}')).toBe(`https://${host}:${mesh.httpsPort}`), { withinMs: 60_000, everyMs: 250 });
    const ca = readFileSync(join(mesh.folder, 'state/ca.crt'), 'utf8');
    const { status, body } = await getSecurely(mesh.httpsPort, host, ca);
    expect([status, body]).toEqual([200, expect.stringContaining('hello-00001')]);
    // Others have no reason to believe it, nor is it good for another name.
    await expect(getSecurely(mesh.httpsPort, host, '')).rejects.toThrow();
    await expect(getSecurely(mesh.httpsPort, 'other.default.localhost', ca)).rejects.toThrow();
    await mesh.kubectlOutput('annotate ksvc hello networking.knative.dev/http-protocol=redirected');
    await eventually(async () => {
      const { status: code, headers } = await get(mesh.port, host);
      expect([code, headers['location']]).toEqual([301, expect.stringMatching(/^https:\/\/hello\.default\.localhost/)]);
    });
    await mesh.kubectlOutput('annotate ksvc hello networking.knative.dev/http-protocol-');
    await eventually(async () => expect((await get(mesh.port, host)).status).toBe(200));
  });

  test('a changed Service becomes a second revision, and the URL follows it', async () => {
    await mesh.kubectlOutput('apply -f -', service('Bonjour', ''));
    await mesh.kubectlOutput('wait --for=condition=Ready ksvc/hello --timeout=30s');
    const revisions = await mesh.kubectlOutput('get revisions -o name');
    expect(revisions.trim().split('\n').sort()).toEqual([
      'revision.serving.knative.dev/hello-00001',
      'revision.serving.knative.dev/hello-00002',
    ]);
    await eventually(async () => expect((await get(mesh.port, host)).body).toMatch(/^Bonjour from hello-00002/));
  });

  test('90/10 splits ten thousand requests within one percentage point, and a tag has its own URL', async () => {
    const traffic = `  traffic:
    - revisionName: hello-00002
      percent: 90
    - revisionName: hello-00001
      percent: 10
      tag: first
`;
    await mesh.kubectlOutput('apply -f -', service('Bonjour', traffic));
    await eventually(async () => {
      const status = (await mesh.object('route hello')) as { status?: { traffic?: { percent: number }[] } };
      expect(status.status?.traffic?.map(({ percent }) => percent)).toEqual([90, 10]);
    });
    const tagged = await eventually(async () => {
      const answer = await get(mesh.port, `first-${host}`);
      expect(answer.status).toBe(200);
      return answer;
    });
    expect(tagged.body).toMatch(/^Hello from hello-00001/);

    const { answers, failures } = await load(mesh.port, host, {
      connections: 16,
      total: 10_000,
      classify: ({ body }) => /from (\S+),/.exec(body)?.[1] ?? body,
    });
    expect(failures).toEqual([]);
    expect((answers.get('hello-00001') ?? 0) / 10_000).toBeGreaterThan(0.09);
    expect((answers.get('hello-00001') ?? 0) / 10_000).toBeLessThan(0.11);
    expect((answers.get('hello-00001') ?? 0) + (answers.get('hello-00002') ?? 0)).toBe(10_000);
  });

  test('each name has a Service that leads to the gateways, and by its label a tag is the cluster’s alone', async () => {
    const services = await mesh.kubectlOutput('get svc -l serving.knative.dev/route=hello -o custom-columns=NAME:.metadata.name,TO:.spec.externalName --no-headers');
    const gateways = 'sluice-gateway-internal.sluice-system.svc.cluster.local';
    expect(services.trim().split('\n').map((line) => line.trim().split(/\s+/)).sort()).toEqual([['first-hello', gateways], ['hello', gateways]]);
    const status = async () => (await get(mesh.port, `first-${host}`)).status;
    await mesh.kubectlOutput('label svc first-hello networking.knative.dev/visibility=cluster-local');
    await eventually(async () => expect(await status()).toBe(404));
    await mesh.kubectlOutput('label svc first-hello networking.knative.dev/visibility-');
    await eventually(async () => expect(await status()).toBe(200));
  });

  test('tables have the columns of Knative', async () => {
    const header = async (kind: string) => (await mesh.kubectlOutput(`get ${kind}`)).split('\n')[0]?.trim().split(/ {2,}/);
    expect(await header('ksvc')).toEqual(['NAME', 'URL', 'LATESTCREATED', 'LATESTREADY', 'READY', 'REASON']);
    expect(await header('revision')).toEqual(['NAME', 'CONFIG NAME', 'GENERATION', 'READY', 'REASON', 'ACTUAL REPLICAS', 'DESIRED REPLICAS']);
    expect(await header('route')).toEqual(['NAME', 'URL', 'READY', 'REASON']);
    expect(await header('configuration')).toEqual(['NAME', 'LATESTCREATED', 'LATESTREADY', 'READY', 'REASON']);
    const ksvc = await mesh.kubectlOutput('get ksvc hello');
    expect(ksvc).toContain(`https://${host}:${mesh.httpsPort}`);
    expect(ksvc).toMatch(/True/);
    // Several kinds in one command, as people type it.
    const all = await mesh.kubectlOutput('get ksvc,revision,route');
    for (const name of ['service.serving.knative.dev/hello', 'revision.serving.knative.dev/hello-00001', 'route.serving.knative.dev/hello']) {
      expect(all).toContain(name);
    }
  });

  test('get -w follows changes', async () => {
    const { kubectl } = await kubernetesTools();
    const watch = spawn(kubectl, ['--kubeconfig', mesh.kubeconfig, 'get', 'ksvc', '-w'], { stdio: ['ignore', 'pipe', 'ignore'] });
    let seen = '';
    watch.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString('utf8')));
    try {
      await eventually(() => expect(seen).toContain('hello-00002'), { withinMs: 30_000 });
      await mesh.kubectlOutput('apply -f -', service('Ciao', ''));
      await eventually(() => expect(seen).toMatch(/hello-00003\s+hello-00003\s+True/), { withinMs: 20_000 });
    } finally {
      watch.kill();
    }
  });

  test('a Gateway and an HTTPRoute lead to a plain Service, and an Ingress does too', async () => {
    await mesh.kubectlOutput('apply -f -', plainService(join(mesh.services, 'server.js')));
    await mesh.kubectlOutput('wait --for=condition=Programmed gateway/edge --timeout=30s');
    for (const plainHost of ['route.example.test', 'ingress.example.test']) {
      await eventually(async () => expect(await get(mesh.port, plainHost)).toMatchObject({ status: 200, body: expect.stringMatching(/^Plainly from nowhere/) }), { withinMs: 30_000 });
    }
    expect((await get(mesh.port, 'nobody.example.test')).status).toBe(404);
    const status = (await mesh.object('httproute plain')) as { status?: { parents?: { conditions: { type: string; status: string }[] }[] } };
    expect(status.status?.parents?.[0]?.conditions.map(({ type, status: state }) => [type, state])).toEqual([['Accepted', 'True'], ['ResolvedRefs', 'True']]);
    expect(await mesh.kubectlOutput('get ingress plain')).toMatch(/plain\s+sluice\s+ingress.example.test\s+127.0.0.1\s+80/);
    expect(await mesh.kubectlOutput('get gateway edge')).toMatch(/edge\s+sluice\s+127.0.0.1\s+True/);
    await mesh.kubectlOutput('delete deployment,service,ingress plain --timeout=30s');
    await mesh.kubectlOutput('delete httproute/plain gateway/edge --timeout=30s');
    await eventually(async () => expect((await get(mesh.port, 'route.example.test')).status).toBe(404));
  });

  test('delete removes everything beneath', async () => {
    await mesh.kubectlOutput('delete ksvc hello --timeout=30s');
    await eventually(
      async () => {
        const left = await mesh.kubectlOutput('get ksvc,configurations,revisions,routes,podautoscalers,serverlessservices,deployments,replicasets,pods,services,endpointslices -o name');
        expect(left.trim()).toBe('');
        expect(mesh.processes('server.js')).toEqual([]);
      },
      { withinMs: 45_000 },
    );
    expect((await get(mesh.port, host)).status).toBe(404);
  });
});
