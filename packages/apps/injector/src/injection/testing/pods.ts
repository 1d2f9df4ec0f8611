/** Pods for tests: ten that one meets, and any that could be. */
import { constantFrom, dictionary, integer, option, record, string, uniqueArray, type Arbitrary } from 'fast-check';
import type { InjectablePod, PodContainer, PodProbe } from '../pod.ts';
import type { InjectionSettings } from '../pod-settings.ts';

export const settings: InjectionSettings = {
  image: 'sluice.dev/proxy:0.1.0',
  imagePullPolicy: 'IfNotPresent',
  captureImage: 'sluice.dev/capture:0.1.0',
  nativeSidecars: true,
  capture: 'explicit',
  ipFamilies: ['IPv4'],
  configService: undefined,
  command: [],
  addresses: 'own',
  rewritesProbes: true,
  logLevel: 'warning',
  concurrency: 1,
  resources: { requests: { cpu: '10m', memory: '40Mi' } },
  excludedNamespaces: ['kube-system', 'sluice-system'],
};

const word = string({ unit: constantFrom(...'abcdefghij'), minLength: 1, maxLength: 6 });
const port = integer({ min: 1, max: 65_535 });
const optional = <T>(value: Arbitrary<T>): Arbitrary<T | undefined> => option(value, { nil: undefined });

const probe: Arbitrary<PodProbe> = (record(
  {
    httpGet: record({ path: optional(constantFrom('/', '/healthz', 'relative', '/with?query=1')), port: constantFrom<number | string>(80, 8080, 'http', 'missing'), scheme: optional(constantFrom('HTTP', 'HTTPS')), host: optional(constantFrom('', 'elsewhere')) }, { requiredKeys: ['port'] }),
    periodSeconds: integer({ min: 1, max: 60 }),
    timeoutSeconds: integer({ min: 1, max: 10 }),
    initialDelaySeconds: integer({ min: 0, max: 9 }),
  },
  { requiredKeys: ['httpGet'] },
) as Arbitrary<PodProbe>).chain((http) =>
  constantFrom<PodProbe>(http, { tcpSocket: { port: 'http' } }, { tcpSocket: { port: 8080 }, periodSeconds: 3 }, { grpc: { port: 9000 } }, { grpc: { port: 9000, service: 'x' } }, { exec: { command: ['true'] } }),
);

const container = (name: string): Arbitrary<PodContainer> =>
  record(
    {
      name: constantFrom(name),
      image: word,
      ports: uniqueArray(record({ name: optional(constantFrom('http', 'grpc-web', 'tcp', 'metrics')), containerPort: port, protocol: optional(constantFrom('TCP', 'UDP')) }, { requiredKeys: ['containerPort'] }), { maxLength: 3, selector: ({ containerPort }) => containerPort }),
      readinessProbe: probe,
      livenessProbe: probe,
      startupProbe: probe,
      restartPolicy: constantFrom('Always'),
      volumeMounts: uniqueArray(record({ name: word, mountPath: word }), { maxLength: 2 }),
    },
    { requiredKeys: ['name', 'image'] },
  ) as Arbitrary<PodContainer>;

const containers = (prefix: string, minLength: number): Arbitrary<PodContainer[]> =>
  integer({ min: minLength, max: 3 }).chain((count) =>
    record(Object.fromEntries(Array.from({ length: count }, (_, index) => [index, container(`${prefix}${index}`)]))).map((made) => Object.values(made)),
  );

const annotations = dictionary(
  constantFrom('team', 'kubectl.kubernetes.io/default-container', 'proxy.sluice.dev/native-sidecar', 'proxy.sluice.dev/rewrite-probes', 'proxy.sluice.dev/exclude-inbound-ports'),
  constantFrom('true', 'false'),
).map((made) => ({ ...made, ...('proxy.sluice.dev/exclude-inbound-ports' in made ? { 'proxy.sluice.dev/exclude-inbound-ports': '80,8080' } : {}) }));

/** Without undefined members, as what comes over a wire has none. */
const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Any pod that may be given a proxy. */
export const anyPod: Arbitrary<InjectablePod> = record({
  metadata: record({ name: word, labels: dictionary(word, word), annotations }, { requiredKeys: ['name'] }),
  spec: record(
    { containers: containers('c', 1), initContainers: containers('i', 0), volumes: uniqueArray(record({ name: word }), { selector: ({ name }) => name, maxLength: 2 }), hostNetwork: constantFrom(false) },
    { requiredKeys: ['containers'] },
  ),
}).map(plain);

const web: PodContainer = {
  name: 'web',
  image: 'example/web',
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 5 },
};
const pod = (containersOf: readonly PodContainer[], more: object = {}, metadata: object = {}): InjectablePod => ({ metadata: { name: 'p', ...metadata }, spec: { containers: containersOf, ...more } });
const annotated = (values: Readonly<Record<string, string>>): object => ({ annotations: values });

/** By what they show. */
export const typicalPods: Readonly<Record<string, InjectablePod>> = {
  'a web server': pod([web]),
  'a batch job without ports': pod([{ name: 'job', image: 'example/job' }], { restartPolicy: 'Never' }),
  'a gRPC server': pod([{ name: 'api', image: 'example/api', ports: [{ name: 'grpc', containerPort: 9000 }], livenessProbe: { grpc: { port: 9000, service: 'api' }, periodSeconds: 20, timeoutSeconds: 3 } }]),
  'a database asked by TCP': pod([{ name: 'db', image: 'example/db', ports: [{ containerPort: 5432 }], readinessProbe: { tcpSocket: { port: 5432 } } }], { volumes: [{ name: 'data', emptyDir: {} }] }),
  'a program asked by a command': pod([{ ...web, readinessProbe: { exec: { command: ['test', '-f', '/tmp/ready'] } } }]),
  'HTTPS and a query in a probe': pod([{ ...web, livenessProbe: { httpGet: { path: '/live?deep=1', port: 8080, scheme: 'HTTPS', httpHeaders: [{ name: 'x-probe', value: '1' }] } } }]),
  'two programs and an init container': pod([web, { name: 'logs', image: 'example/logs', ports: [{ name: 'tcp-logs', containerPort: 5140 }] }], { initContainers: [{ name: 'migrate', image: 'example/migrate' }] }, annotated({ team: 'shop' })),
  'an older cluster': pod([web], {}, annotated({ 'proxy.sluice.dev/native-sidecar': 'false' })),
  'captured traffic': pod([web, { name: 'admin', image: 'example/admin', ports: [{ containerPort: 9901 }] }], {}, annotated({ 'proxy.sluice.dev/capture': 'iptables', 'proxy.sluice.dev/exclude-inbound-ports': '9901', 'proxy.sluice.dev/exclude-outbound-cidrs': '169.254.169.254/32,fd00::/8' })),
  'settings of its own': pod(
    [web],
    {},
    annotated({
      'proxy.sluice.dev/log-level': 'debug',
      'proxy.sluice.dev/concurrency': '2',
      'proxy.sluice.dev/cpu-limit': '500m',
      'proxy.sluice.dev/memory-limit': '128Mi',
      'proxy.sluice.dev/outbound': '15301=payments.shop.svc:80',
      'proxy.sluice.dev/rewrite-probes': 'false',
    }),
  ),
};
