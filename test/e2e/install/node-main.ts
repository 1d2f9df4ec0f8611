/**
 * A cluster of one node: the embedded API server with rights enforced, the controllers, and a kubelet whose pods have a network each. It runs in namespaces that were
 * made for it (see `cluster.ts`), in which it is the first process: when it ends, everything in them does.
 *
 * Told by its first argument, as JSON; `ready` comes by its channel, and the decisions about rights when they are asked for.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMeter, systemClock, systemRandom, systemTimers, type Logger } from '@sluice/kernel';
import { endpointSlices, KubernetesClient, namespaces, services } from '@sluice/kubernetes';
import {
  createApiServer,
  createBuiltInControllers,
  createHttpsWebhookCaller,
  createInProcessTransport,
  createMemoryStorage,
  createSystemKubelet,
  FaultSwitches,
  DnsServer,
  ExternalAddresses,
  lookUp,
  nodeAddress,
  NodeNetwork,
  serveApiServer,
  ServiceRoutes,
  withFaults,
} from '@sluice/local';
import { issuePair, makeAuthorityPair, readAuthority } from '@sluice/serving';
import { stringify } from 'yaml';
import { DecisionBook } from './decision-book.ts';
import type { LateWatches, NodeSettings } from './cluster.ts';
import { imagePrograms } from './image-programs.ts';

const settings = JSON.parse(process.argv[2] as string) as NodeSettings;
const apiPort = 6443;
/** By which pods and people know the server; the certificate is for them. */
const serverNames = ['kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'kubernetes.default', 'kubernetes'];

mkdirSync(settings.folder, { recursive: true });
const network = new NodeNetwork();
await network.start();

const ingredients = () => ({ keys: generateKeyPairSync('ec', { namedCurve: 'P-256' }), serialNumber: randomBytes(16) });
const authorityPair = makeAuthorityPair(ingredients(), Date.now());
const authority = readAuthority(authorityPair);
if (typeof authority === 'string') throw new Error(authority);
const pair = issuePair(serverNames, authority, ingredients(), Date.now());

const administrator = randomBytes(16).toString('hex');
const decisions = new DecisionBook();
const said: Logger = fileLogger(join(settings.folder, 'node.log'));
const surroundings = { clock: systemClock, timers: systemTimers, random: systemRandom, logger: said, meter: createMeter() };
const api = createApiServer({
  ...surroundings,
  storage: createMemoryStorage(),
  webhooks: createHttpsWebhookCaller(),
  access: {
    mode: 'rbac',
    guardsOwners: true,
    tokens: { [administrator]: { username: 'administrator', groups: ['system:masters'] }, [settings.nodeToken]: { username: 'system:node', groups: ['system:masters'] } },
    onDecision: (user, attributes, decision) => decisions.note(user, attributes, decision),
  },
});
/** Only those who ask over the network meet them. */
const faults = new FaultSwitches();
await serveApiServer(withFaults(api, faults, systemTimers), { host: nodeAddress, port: apiPort, tls: { certificate: pair.certificateChain, key: pair.privateKey } });
writeFileSync(settings.kubeconfig, stringify({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'node', cluster: { server: `https://${nodeAddress}:${apiPort}`, 'tls-server-name': serverNames[0], 'certificate-authority-data': Buffer.from(authorityPair.certificateChain).toString('base64') } }],
  users: [{ name: 'administrator', user: { token: administrator } }],
  contexts: [{ name: 'node', context: { cluster: 'node', user: 'administrator', namespace: 'default' } }],
  'current-context': 'node',
}), { mode: 0o600 });

const inProcess = createInProcessTransport(api);
const client = new KubernetesClient({
  // The node's own parts are not what is looked at here.
  transport: { send: (request) => inProcess.send({ ...request, headers: { ...request.headers, authorization: `Bearer ${settings.nodeToken}` } }) },
  fieldManager: 'node',
});
const routes = new ServiceRoutes({ ...surroundings, client });
const dns = new DnsServer((name) => lookUp(name, { service: (namespace, service) => routes.services.store.get(`${namespace}/${service}`), slices: () => routes.slices.list() }));
const external = new ExternalAddresses({ client, services: routes.services, logger: said });
const controllers = createBuiltInControllers({ ...surroundings, client });
const { kubelet, podLogs } = createSystemKubelet({
  ...surroundings,
  client,
  folder: join(settings.folder, 'kubelet'),
  environment: process.env,
  extraEnvironment: { KUBERNETES_SERVICE_HOST: 'kubernetes.default.svc', KUBERNETES_SERVICE_PORT: '443', ...settings.environment },
  nodeName: 'node',
  nodeAddress,
  podNetworks: { network, dns: nodeAddress, rootAuthority: authorityPair.certificateChain },
  programs: imagePrograms(settings.programs),
});
api.setPodLogs(podLogs);

await standardObjects();
await routes.start();
external.start();
await dns.start(nodeAddress);
await controllers.start();
await kubelet.start();

process.on('message', (message) => {
  if (message === 'decisions') process.send?.({ kind: 'decisions', decisions: decisions.entries() });
  if (isLateWatches(message)) {
    faults.clear();
    for (const { path, delayMs } of message.lateWatches) faults.set({ kind: 'slow', delayMs, matches: ({ path: asked, headers }) => headers?.['user-agent'] === message.userAgent && asked.startsWith(`${path}?`) && asked.includes('watch=true') });
    process.send?.({ kind: 'done' });
  }
});
process.on('disconnect', () => process.exit(0));
process.send?.({ kind: 'ready' });

function isLateWatches(message: unknown): message is LateWatches {
  return typeof message === 'object' && message !== null && 'lateWatches' in message;
}

/** What the controllers of a cluster make at its start, and in each namespace. */
async function standardObjects(): Promise<void> {
  const ports = [{ name: 'https', port: 443, protocol: 'TCP' }];
  await client.resource(services).create({ apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'default', name: 'kubernetes' }, spec: { ports: [{ ...ports[0], port: 443, targetPort: apiPort }] } });
  await client.resource(endpointSlices).create({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'default', name: 'kubernetes', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [nodeAddress], conditions: { ready: true } }],
    ports: [{ name: 'https', port: apiPort, protocol: 'TCP' }],
  });
  const accounts = client.resource({ group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true });
  void client.resource(namespaces).watch({
    onEvent: ({ type, object }) => {
      if (type !== 'ADDED') return;
      void accounts.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: object.metadata.name, name: 'default' } }).catch(() => {});
    },
  });
}

function fileLogger(path: string): Logger {
  const write = (level: string) => (message: string, fields: object = {}) =>
    writeFileSync(path, `${new Date().toISOString()} ${level} ${message} ${JSON.stringify(fields, (_key, value: unknown) => (value instanceof Error ? value.message : value))}\n`, { flag: 'a' });
  const logger: Logger = { debug: () => {}, info: () => {}, warn: write('warn'), error: write('error'), child: () => logger };
  return logger;
}
