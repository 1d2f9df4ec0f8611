/** The injector behind a real API server, over real HTTPS: what people are told, and certificates that change under way. */
import { composeInjector, readSettings, startReviewServer, type CertificateTimes, type Injector, type InjectorSettings, type ReviewServer } from '@sluice/injector';
import { createSeededRandom, createMeter, type Clock, type Timers } from '@sluice/kernel';
import { RecordingLogger, SimulatedTime } from '@sluice/kernel/testing';
import { KubernetesClient } from '@sluice/kubernetes';
import { createHttpsWebhookCaller, createInProcessTransport } from '@sluice/local';
import { createTestApiServer, type TestAnswer, type TestApiServer } from '@sluice/local/testing';
import { afterEach, describe, expect, test } from 'vitest';

const configMaps = '/api/v1/namespaces/mesh/configmaps';
const secretPath = '/api/v1/namespaces/mesh/secrets/sluice-injector-certificates';
const configurations = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

/** Short, so that they pass within the minutes by which a certificate counts as good before it was made. */
const quick: CertificateTimes = { authorityLifetimeMs: 300_000, authorityRenewalMs: 200_000, leafLifetimeMs: 60_000, leafRenewalMs: 30_000, settleMs: 10_000 };

interface Replica {
  readonly injector: Injector;
  readonly server: ReviewServer;
}

class World {
  /** The wall clock begins at the real one: real TLS looks at that. */
  readonly time = new SimulatedTime(Date.now());
  readonly logger = new RecordingLogger();
  readonly api: TestApiServer = createTestApiServer({ time: this.time, webhooks: createHttpsWebhookCaller() });
  readonly replicas: Replica[] = [];

  async start(count: number, more: readonly string[] = [], times: CertificateTimes = quick): Promise<void> {
    await this.api.send('POST', '/api/v1/namespaces', { metadata: { name: 'mesh' } });
    await this.api.send('POST', '/api/v1/namespaces/mesh/secrets', { metadata: { name: 'sluice-injector-certificates' } });
    await this.api.send('POST', '/api/v1/namespaces/mesh/services', { metadata: { name: 'sluice-injector' }, spec: { ports: [{ name: 'webhook', port: 443 }] } });
    const hook = {
      name: 'config.webhook.serving.knative.dev',
      clientConfig: { service: { namespace: 'mesh', name: 'sluice-injector', path: '/config-validation' } },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    await this.api.send('POST', configurations, { metadata: { name: hook.name }, webhooks: [hook] });
    const settings = this.#settings([`--validating-configurations=${hook.name}`, ...more]);
    const { time, logger } = this;
    for (let index = 0; index < count; index++) {
      const shared = { clock: time as Clock, timers: time as Timers, random: createSeededRandom(index), logger, meter: createMeter() };
      const client = new KubernetesClient({ transport: createInProcessTransport(this.api.server), fieldManager: `injector-${index}` });
      const injector = composeInjector({ ...shared, client, settings, times, onPair: (pair) => server.use(pair) });
      const server = await startReviewServer({ host: '127.0.0.1', port: 0, reviewers: injector.reviewers, ...shared });
      this.replicas.push({ injector, server });
      injector.start();
    }
    await this.leadTo(0);
  }

  #settings(flags: readonly string[]): InjectorSettings {
    const checked = readSettings(['--system-namespace=mesh', ...flags], {});
    if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
    return checked.value;
  }

  /** The Service leads to one replica at a time. */
  async leadTo(index: number): Promise<void> {
    const ports = [{ name: 'webhook', port: this.replicas[index]?.server.port ?? 0 }];
    const slice = { metadata: { name: 'injector', namespace: 'mesh', labels: { 'kubernetes.io/service-name': 'sluice-injector' } }, addressType: 'IPv4', ports, endpoints: [{ addresses: ['127.0.0.1'] }] };
    const path = '/apis/discovery.k8s.io/v1/namespaces/mesh/endpointslices';
    if ((await this.api.send('PUT', `${path}/injector`, slice)).status === 404) await this.api.send('POST', path, slice);
  }

  /** Lets simulated time pass, and the real work of keys and sockets beside it. */
  async rest(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await this.time.advanceAsync(500);
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async ready(): Promise<void> {
    for (let tries = 0; tries < 400 && !this.replicas.every(({ injector }) => injector.isReady); tries++) {
      await this.rest(100);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(this.replicas.map(({ injector }) => injector.isReady)).toEqual(this.replicas.map(() => true));
  }

  write(name: string, data: Readonly<Record<string, string>>): Promise<TestAnswer> {
    return this.api.send('PATCH', `${configMaps}/${name}?fieldManager=test`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }, { 'content-type': 'application/apply-patch+yaml' });
  }

  async secretData(): Promise<Readonly<Record<string, string>>> {
    const { data = {} } = (await this.api.send('GET', secretPath)).json as { data?: Record<string, string> };
    return Object.fromEntries(Object.entries(data).map(([name, text]) => [name, Buffer.from(text, 'base64').toString()]));
  }

  async stop(): Promise<void> {
    const drained = Promise.all(this.replicas.map(async ({ injector, server }) => Promise.all([injector.stop(), server.drain(0)])));
    await this.rest(2000);
    await drained;
    this.api.server.stop();
  }
}

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

async function started(count: number, ...more: Parameters<World['start']> extends [number, ...infer Rest] ? Rest : never): Promise<World> {
  world = new World();
  await world.start(count, ...more);
  return world;
}

describe('a ConfigMap that no component could read', () => {
  test('is refused with everything that is wrong, and lets nothing through before the webhook is believed', async () => {
    const mesh = await started(1);
    expect((await mesh.write('config-defaults', {})).status).toBe(500);
    await mesh.ready();
    const { status, json } = await mesh.write('config-defaults', { 'revision-timeout-seconds': 'soon', 'container-concurrency': '-5' });
    expect(status).toBe(400);
    expect(json['message']).toMatch(/^admission webhook "config\.webhook\.serving\.knative\.dev" denied the request: validation failed: /);
    expect(json['message']).toContain('revision-timeout-seconds');
    expect(json['message']).toContain('container-concurrency');
    expect((await mesh.write('config-defaults', { 'revision-timeout-seconds': '60' })).status).toBe(201);
    expect((await mesh.write('of-somebody-else', { anything: 'goes' })).status).toBe(201);
  });
});

describe('certificates', () => {
  test('are renewed, authority and all, by two replicas at once, without one call refused', async () => {
    const mesh = await started(2);
    await mesh.ready();
    const [leaves, authorities, answers] = [new Set<string>(), new Set<string>(), [] as number[]];
    // Four minutes: eight times the renewal of a certificate, and twice that of an authority.
    for (let step = 0; step < 48; step++) {
      await mesh.rest(5000);
      await mesh.leadTo(step % 2);
      answers.push((await mesh.write('config-gc', { 'min-non-active-revisions': String(step) })).status);
      const data = await mesh.secretData();
      leaves.add(data['tls.crt'] ?? '');
      authorities.add(data['ca.crt']?.split('-----END')[0] ?? '');
    }
    expect(answers.filter((status) => status !== 200 && status !== 201)).toEqual([]);
    expect(leaves.size).toBeGreaterThan(4);
    expect(authorities.size).toBeGreaterThan(1);
    expect(mesh.logger.events.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('are told to a configuration that somebody has set back', async () => {
    const mesh = await started(1);
    await mesh.ready();
    const path = `${configurations}/config.webhook.serving.knative.dev`;
    await mesh.api.send('PATCH', path, [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }], { 'content-type': 'application/json-patch+json' });
    await mesh.rest(2000);
    expect((await mesh.api.send('GET', path)).text).toContain('caBundle');
    expect((await mesh.write('config-gc', {})).status).toBe(201);
  });

  test('that are given are used, and nothing is written', async () => {
    const mesh = await started(1, ['--certificates=given']);
    await mesh.rest(5000);
    expect(mesh.replicas[0]?.injector.isReady).toBe(false);
    expect(await mesh.secretData()).toEqual({});
  });
});
