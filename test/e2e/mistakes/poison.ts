/**
 * Configuration that is no good, object by object: it changes nothing of what is served, and whoever wrote it is told why, at the door or
 * within a second by the object that caused it. A client asks for the Services beside it all along, and no request is lost.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { get } from '../http-client.ts';
import type { LocalMesh } from '../local-mesh.ts';

const ingress = (name: string, host: string, path: object): string =>
  JSON.stringify({
    apiVersion: 'networking.internal.knative.dev/v1alpha1',
    kind: 'Ingress',
    metadata: { name, namespace: 'default', annotations: { 'networking.knative.dev/ingress-class': 'sluice.ingress.networking.knative.dev' } },
    spec: { rules: [{ hosts: [host], http: { paths: [path] } }] },
  });
const to = (serviceName: string): object => ({ splits: [{ serviceNamespace: 'default', serviceName, servicePort: 80 }] });

const collections: Readonly<Record<string, string>> = {
  king: 'apis/networking.internal.knative.dev/v1alpha1/namespaces/default/ingresses',
  ksvc: 'apis/serving.knative.dev/v1/namespaces/default/services',
  route: 'apis/serving.knative.dev/v1/namespaces/default/routes',
};

/** Asked of the API itself: kubectl takes longer to start than an object takes to say what is wrong with it. */
async function conditionOf(mesh: LocalMesh, resource: string, type: string): Promise<{ readonly status: string; readonly message?: string } | undefined> {
  const [kind = '', name = ''] = resource.split(' ');
  const answer = await fetch(`${mesh.apiServer}/${collections[kind]}/${name}`);
  const object = (await answer.json()) as { status?: { conditions?: { type: string; status: string; message?: string }[] } };
  return object.status?.conditions?.find((condition) => condition.type === type);
}

async function warningsOn(mesh: LocalMesh, namespace: string, name: string): Promise<readonly string[]> {
  const answer = await fetch(`${mesh.apiServer}/api/v1/namespaces/${namespace}/events`);
  const { items } = (await answer.json()) as { items: { type: string; message: string; involvedObject: { name: string } }[] };
  return items.filter(({ type, involvedObject }) => type === 'Warning' && involvedObject.name === name).map(({ message }) => message);
}

/** How long each object took to say why, in ms. */
const delays: number[] = [];

/** Each has time enough for a machine that is busy; what is usual is looked at in the end. */
async function soon(assertion: () => Promise<void>): Promise<void> {
  const from = performance.now();
  await eventually(assertion, { withinMs: 10_000, everyMs: 5 });
  delays.push(Math.round(performance.now() - from));
}

async function saysWhy(mesh: LocalMesh, resource: string, type: string, why: RegExp): Promise<void> {
  await soon(async () => {
    const found = await conditionOf(mesh, resource, type);
    expect(found?.status).toBe('False');
    expect(found?.message).toMatch(why);
  });
}

/** Takes the webhooks away. */
export function testPoison(mesh: LocalMesh): void {
  const answers: (number | string)[] = [];
  const enough = new AbortController();
  let asking: Promise<void> = Promise.resolve();

  beforeAll(() => {
    asking = (async () => {
      while (!enough.signal.aborted) {
        answers.push(await get(mesh.port, 'hello.default.localhost').then(({ status }) => status, String));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
  });
  afterAll(async () => {
    enough.abort();
    await asking;
  });

  test('a good Ingress is served, and says that it is', async () => {
    await mesh.kubectlOutput('apply -f -', ingress('good', 'good.example.com', to('hello-00001')));
    await eventually(async () => expect((await conditionOf(mesh, 'king good', 'Ready'))?.status).toBe('True'), { withinMs: 10_000 });
    expect((await get(mesh.port, 'good.example.com')).status).toBe(200);
  });

  test('what the rules forbid is refused at the door, and what it was is served', async () => {
    const invalid = await mesh.kubectl('apply -f -', ingress('good', 'good.example.com', { splits: [] }));
    expect([invalid.code, invalid.stderr]).toEqual([1, expect.stringMatching(/denied the request: .*splits/s)]);
    const odd = JSON.stringify({ data: { 'domain-template': '{{.Nothing}}' } });
    const map = await mesh.kubectl(`patch configmap config-network -n sluice-system --type merge -p ${odd}`);
    expect([map.code, map.stderr]).toEqual([1, expect.stringMatching(/denied the request: .*domain-template/s)]);
    expect((await get(mesh.port, 'good.example.com')).status).toBe(200);
    // From here on nobody stands at the door, as where webhooks are off or away.
    await mesh.kubectlOutput('delete validatingwebhookconfigurations,mutatingwebhookconfigurations --all');
  });

  test('invalid: what it was is served', async () => {
    await mesh.kubectlOutput('apply -f -', ingress('good', 'good.example.com', { splits: [] }));
    await saysWhy(mesh, 'king good', 'Ready', /splits: missing field/);
    expect((await get(mesh.port, 'good.example.com')).status).toBe(200);
  });

  test('what no proxy could use: what it was is served', async () => {
    await mesh.kubectlOutput('apply -f -', ingress('good', 'good.example.com', { ...to('hello-00001'), appendHeaders: { 'no name': 'x' } }));
    await saysWhy(mesh, 'king good', 'Ready', /must be a header name/);
    expect((await get(mesh.port, 'good.example.com')).status).toBe(200);
  });

  test('too large', async () => {
    const appendHeaders = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x-${index}`, 'y'.repeat(4000)]));
    await mesh.kubectlOutput('apply --server-side -f -', ingress('huge', 'huge.example.com', { ...to('hello-00001'), appendHeaders }));
    await saysWhy(mesh, 'king huge', 'Ready', /too large/);
  });

  test('a host that is another’s', async () => {
    await mesh.kubectlOutput('apply -f -', ingress('thief', 'hello.default.localhost', to('hello-00001')));
    await saysWhy(mesh, 'king thief', 'Ready', /belongs to route "hello" already/);
  });

  test('a way that leads nowhere, and one that leads round', async () => {
    await mesh.kubectlOutput('apply -f -', ingress('nowhere', 'nowhere.example.com', to('gone-00001')));
    await saysWhy(mesh, 'king nowhere', 'Ready', /there is no revision "gone-00001"/);
    await mesh.kubectlOutput('apply -f -', ingress('round', 'round.example.com', { ...to('round'), rewriteHost: 'round.example.com' }));
    await saysWhy(mesh, 'king round', 'Ready', /rewritten itself/);
  });

  test('a Route to a revision that is missing keeps its traffic', async () => {
    const traffic = [{ revisionName: 'hello-99999', percent: 100 }];
    await mesh.kubectlOutput(`patch ksvc hello --type merge -p ${JSON.stringify({ spec: { traffic } })}`);
    await saysWhy(mesh, 'route hello', 'AllTrafficAssigned', /hello-99999/);
    await mesh.kubectlOutput(`patch ksvc hello --type merge -p ${JSON.stringify({ spec: { traffic: [{ latestRevision: true, percent: 100 }] } })}`);
    await eventually(async () => expect((await conditionOf(mesh, 'ksvc hello', 'Ready'))?.status).toBe('True'), { withinMs: 10_000 });
  });

  test('an EndpointSlice that cannot be used changes nothing, and is told so', async () => {
    const slice = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'odd', namespace: 'default', labels: { 'kubernetes.io/service-name': 'hello-00001-private' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.9.9.9'], conditions: { ready: true } }],
      ports: [{ name: 'http', port: 70_000 }],
    };
    await mesh.kubectlOutput('apply -f -', JSON.stringify(slice));
    await soon(async () => expect(await warningsOn(mesh, 'default', 'odd')).toEqual([expect.stringContaining('ports[0].port: is 70000')]));
    expect((await get(mesh.port, 'hello.default.localhost')).status).toBe(200);
  });

  test('a ConfigMap with a mistake in it changes nothing, and is told so', async () => {
    await mesh.kubectlOutput(`patch configmap config-network -n sluice-system --type merge -p ${JSON.stringify({ data: { 'domain-template': '{{.Nothing}}' } })}`);
    await soon(async () => expect(await warningsOn(mesh, 'sluice-system', 'config-network')).toEqual([expect.stringContaining('domain-template')]));
    expect((await get(mesh.port, 'hello.default.localhost')).status).toBe(200);
  });

  /** The median: any single one may have met a machine that was busy with others. */
  test('and they said why within a second', () => {
    console.info(`said why after ${delays.join(', ')} ms`);
    const usual = delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)];
    expect(usual).toBeLessThan(1_000);
  });

  test('and all along every request was answered', () => {
    expect(answers.length).toBeGreaterThan(20);
    expect([...new Set(answers)]).toEqual([200]);
  });

  test('a new Service answers from the moment it says that it is ready', async () => {
    for (let round = 0; round < 3; round += 1) {
      const name = `new-${round}`;
      const service = `apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { template: { spec: { containers: [{ image: sluice.dev/examples/hello, command: [node, server.js] }] } } }`;
      await mesh.kubectlOutput('apply -f -', service);
      await mesh.kubectlOutput(`wait --for=condition=Ready --timeout=30s ksvc ${name}`);
      expect((await get(mesh.port, `${name}.default.localhost`)).status).toBe(200);
    }
  });
}
