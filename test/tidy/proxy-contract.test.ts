/** The table of what of Envoy holds (`packages/proxy/contract.md`) says what the code says, and its links lead to tests that name the thing. */
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { files, read } from './tree.ts';

const table = 'packages/proxy/contract.md';

interface Row {
  readonly section: string;
  readonly what: string;
  readonly state: string;
  readonly link: string | undefined;
}

const rows: readonly Row[] = readRows(read(table));

function readRows(text: string): Row[] {
  const found: Row[] = [];
  let section = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('## ')) section = line.slice(3);
    const cells = line.split('|').map((cell) => cell.trim());
    if (cells.length < 6 || cells[1] === 'what' || cells[1]?.startsWith('---')) continue;
    const [, what = '', state = '', link = ''] = cells;
    found.push({ section, what: what.replaceAll('`', ''), state, link: /\]\(([^)]+)\)/.exec(link)?.[1] });
  }
  return found;
}

/** Which files read the fields of a section. */
const readers: Readonly<Record<string, readonly string[]>> = {
  'Bootstrap': ['packages/resources/src/bootstrap.ts', 'packages/resources/src/node.ts', 'packages/resources/src/dns-resolver.ts'],
  'ClusterManager': ['packages/resources/src/cluster-manager.ts'],
  'LayeredRuntime': ['packages/resources/src/layered-runtime.ts'],
  'StatsConfig': ['packages/resources/src/stats-config.ts'],
  'ConfigSource': ['packages/resources/src/config-source.ts'],
  'Listener': ['packages/resources/src/listener.ts'],
  'FilterChain, FilterChainMatch': ['packages/resources/src/filter-chain.ts', 'packages/resources/src/filter-chain-match.ts'],
  'ListenerFilter': ['packages/resources/src/listener-filter.ts'],
  'HttpConnectionManager': ['packages/resources/src/http-connection-manager.ts', 'packages/resources/src/client-address-config.ts', 'packages/resources/src/client-certificate-details.ts', 'packages/resources/src/access-log-options.ts'],
  'HttpFilter': ['packages/resources/src/http-filter.ts', 'packages/resources/src/filter-discovery.ts'],
  'HttpProtocolOptions, Http1ProtocolOptions': ['packages/resources/src/http-protocol-options.ts'],
  'Http2ProtocolOptions': ['packages/resources/src/http2-protocol-options.ts'],
  'UpgradeConfig': ['packages/resources/src/upgrade-config.ts'],
  'RouteConfiguration': ['packages/resources/src/route-configuration.ts', 'packages/resources/src/header-value-option.ts'],
  'VirtualHost': ['packages/resources/src/virtual-host.ts'],
  'Route': ['packages/resources/src/route.ts'],
  'RouteMatch, HeaderMatcher, QueryParameterMatcher': ['packages/resources/src/route-match.ts', 'packages/resources/src/header-matcher.ts', 'packages/resources/src/query-parameter-matcher.ts', 'packages/resources/src/cookie-matcher.ts', 'packages/resources/src/string-matcher.ts'],
  'RouteAction': ['packages/resources/src/route-action.ts', 'packages/resources/src/request-mirror-policy.ts', 'packages/resources/src/max-stream-duration.ts', 'packages/resources/src/metadata-match.ts'],
  'WeightedCluster': ['packages/resources/src/weighted-cluster.ts', 'packages/resources/src/metadata-match.ts'],
  'HashPolicy': ['packages/resources/src/hash-policy.ts'],
  'RetryPolicy': ['packages/resources/src/retry-policy.ts', 'packages/resources/src/retry-back-off.ts', 'packages/resources/src/retry-host-selection.ts'],
  'HedgePolicy': ['packages/resources/src/hedge-policy.ts'],
  'RedirectAction, DirectResponseAction': ['packages/resources/src/redirect-action.ts', 'packages/resources/src/direct-response-action.ts'],
  'RateLimit': ['packages/resources/src/rate-limit.ts'],
  'HeaderValueOption': ['packages/resources/src/header-value-option.ts'],
  'Cluster': ['packages/resources/src/cluster.ts', 'packages/resources/src/cluster-protocol-options.ts', 'packages/resources/src/endpoint-discovery.ts', 'packages/resources/src/load-balancing-policy.ts', 'packages/resources/src/load-balancing.ts', 'packages/resources/src/upstream-socket-options.ts', 'packages/resources/src/dns-settings.ts'],
  'CommonLbConfig': ['packages/resources/src/common-lb-config.ts', 'packages/resources/src/zone-aware.ts'],
  'Load balancing settings': ['packages/resources/src/load-balancing-settings.ts', 'packages/resources/src/load-balancing.ts', 'packages/resources/src/slow-start-config.ts', 'packages/resources/src/original-dst-settings.ts'],
  'LbSubsetConfig': ['packages/resources/src/lb-subset-config.ts'],
  'HttpProtocolOptions of clusters': ['packages/resources/src/upstream-http-protocol-options.ts', 'packages/resources/src/auto-sni.ts'],
  'CircuitBreakers': ['packages/resources/src/circuit-breakers.ts'],
  'OutlierDetection': ['packages/resources/src/outlier-detection.ts'],
  'HealthCheck': ['packages/resources/src/health-check.ts', 'packages/resources/src/health-check-kinds.ts'],
  'ClusterLoadAssignment': ['packages/resources/src/cluster-load-assignment.ts'],
  'TLS contexts': ['packages/resources/src/tls/tls-context.ts', 'packages/resources/src/tls/upstream-tls-context.ts', 'packages/resources/src/tls/downstream-tls-context.ts', 'packages/resources/src/tls/tls-parameters.ts'],
  'TlsCertificate': ['packages/resources/src/tls/tls-certificate.ts'],
  'CertificateValidationContext': ['packages/resources/src/tls/certificate-validation-context.ts'],
  'AccessLog': ['packages/resources/src/access-log.ts', 'packages/resources/src/access-log-filter.ts'],
  'Access logs of services': ['packages/resources/src/log-service.ts'],
  'Tracing': ['packages/resources/src/tracing.ts', 'packages/resources/src/tracing-provider.ts', 'packages/resources/src/tracing-tag.ts'],
  'OverloadManager': ['packages/resources/src/overload-manager.ts'],
  'Router': ['packages/resources/src/router-filter.ts'],
  'CorsPolicy': ['packages/proxy/src/filters/cors/cors-policy.ts'],
  'LocalRateLimit': ['packages/proxy/src/filters/local-ratelimit/local-ratelimit-config.ts'],
  'TcpProxy': ['packages/proxy/src/network-filters/tcp-proxy/tcp-proxy-config.ts', 'packages/resources/src/metadata-match.ts'],
};

interface Fields {
  readonly read: ReadonlySet<string>;
  /** Ignored with a warning, or refused. */
  readonly left: ReadonlySet<string>;
}

/** What the decoders of a file ask a message for, by the calls of its reader. */
function fieldsOf(file: string): Fields {
  const text = read(file);
  const quoted = (list: string) => [...list.matchAll(/'([a-z][a-z0-9_]*)'/g)].map(([, name = '']) => name);
  const leaving = /\.(?:ignore|refuse)\(\s*\[([^\]]*)\]/g;
  const left = new Set([...text.matchAll(leaving)].flatMap(([, list = '']) => quoted(list)));
  return { read: new Set(quoted(text.replaceAll(leaving, ''))), left };
}

function fieldsOfSection(section: string): Fields {
  const all = (readers[section] ?? []).map(fieldsOf);
  return { read: new Set(all.flatMap(({ read: names }) => [...names])), left: new Set(all.flatMap(({ left }) => [...left])) };
}

test('each point says how far it holds, and what holds is shown by a test that is there', () => {
  expect(rows.length).toBeGreaterThan(700);
  const wrong = rows.filter(({ state, link }) => {
    if (!['yes', 'partly', 'no'].includes(state)) return true;
    if (link === undefined) return state !== 'no';
    const file = normalize(join(dirname(table), link));
    return !file.endsWith('.test.ts') || !files.includes(file);
  });
  expect(wrong).toEqual([]);
});

test('no point stands there twice', () => {
  const names = rows.map(({ section, what }) => `${section}: ${what}`);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

test.each(Object.keys(readers))('%s: what is read holds, and what is ignored or refused is not said to', (section) => {
  const { read: asked, left } = fieldsOfSection(section);
  const own = rows.filter((row) => row.section === section);
  // A name that one message of a section reads and another leaves may hold.
  expect(own.filter(({ what, state }) => state === 'yes' && left.has(what) && !asked.has(what))).toEqual([]);
  expect(own.filter(({ what, state }) => state !== 'no' && !asked.has(what) && !left.has(what)).map(({ what }) => what)).toEqual([]);
  const named = new Set(own.map(({ what }) => what));
  expect([...left].filter((name) => !named.has(name)).sort(), 'ignored or refused, and not in the table').toEqual([]);
});

test('each page of the admin server', () => {
  const pages = files.filter((file) => /^packages\/proxy\/src\/admin\/[^/]+\.ts$/.test(file) && !file.endsWith('.test.ts')).flatMap((file) => [...read(file).matchAll(/\bpath: '(\/[a-z_/]*)'/g)].map(([, path = '']) => path));
  expect(pages.length).toBeGreaterThan(15);
  const known = new Set(rows.filter(({ section, state }) => section === 'Admin pages' && state !== 'no').map(({ what }) => what));
  // Ours, and not Envoy's.
  expect(pages.filter((path) => path !== '/explain' && !known.has(path))).toEqual([]);
});

test('each response flag that may be raised', () => {
  const source = read('packages/proxy/src/outcome.ts');
  const union = /export type ResponseFlag =([^;]*);/.exec(source)?.[1] ?? '';
  const raised = [...union.matchAll(/'([A-Z]+)'/g)].map(([, flag = '']) => flag);
  const holds = rows.filter(({ section, state }) => section === 'Response flags' && state !== 'no').map(({ what }) => what);
  expect([...raised].sort()).toEqual([...holds].sort());
});
