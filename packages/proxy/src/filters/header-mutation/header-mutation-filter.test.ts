import { expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture, type FilterFixtureOptions, type RawPeer } from '../../testing/index.ts';

const typeName = 'type.googleapis.com/envoy.extensions.filters.http.header_mutation.v3.HeaderMutation';
const perRoute = (mutations: object): object => ({ '@type': `${typeName}PerRoute`, mutations });
const add = (key: string, value: string, append_action = 'APPEND_IF_EXISTS_OR_ADD'): object => ({ append: { header: { key, value }, append_action } });

const start = (config: object, more: Partial<FilterFixtureOptions> = {}): Promise<FilterFixture> =>
  startFilterProxy({ filters: [{ name: 'mutation', typed_config: { '@type': typeName, ...config } }], ...more });

test('rules act in their order, on requests and on responses', async () => {
  const request_mutations = [{ remove: 'x-old' }, add('x-new', '%REQ(x-kept)%'), { remove_on_match: { key_matcher: { prefix: 'x-debug-' } } }];
  const response_mutations = [add('x-status', '%RESPONSE_CODE%'), { remove: 'content-type' }];
  await using proxy = await start({ mutations: { request_mutations, response_mutations } });
  const { headers } = await proxy.request({ headers: { 'x-old': '1', 'x-kept': 'k', 'X-Debug-A': '1', 'x-debug-b': '2' } });
  const [head] = proxy.upstreamHeads;
  expect(head).toMatch(/^x-new: k\r$/m);
  expect(head).not.toMatch(/x-old|debug/i);
  expect([headers['x-status'], headers['content-type']]).toEqual(['200', undefined]);
});

test('all levels of a route act, the most specific first or last', async () => {
  const level = (value: string): object => ({ mutation: perRoute({ response_mutations: [add('x-level', value, 'OVERWRITE_IF_EXISTS_OR_ADD'), add('x-all', value)] }) });
  const levels = { virtualHost: { typed_per_filter_config: level('host') }, route: { typed_per_filter_config: level('route') } };
  const own = { mutations: { response_mutations: [add('x-all', 'filter')] } };
  await using byDefault = await start(own, levels);
  const first = (await byDefault.request()).headers;
  expect([first['x-level'], first['x-all']]).toEqual(['host', 'filter, route, host']);
  await using specific = await start({ ...own, most_specific_header_mutations_wins: true }, levels);
  const second = (await specific.request()).headers;
  expect([second['x-level'], second['x-all']]).toEqual(['route', 'filter, host, route']);
});

test('query parameters are added, replaced and taken away', async () => {
  const append = (key: string, value: string, action?: string): object => ({ append: { record: { key, value }, ...(action === undefined ? {} : { action }) } });
  const query_parameter_mutations = [
    append('who', '%REQ(x-user)%'),
    append('a', '2'),
    append('b', 'new', 'OVERWRITE_IF_EXISTS_OR_ADD'),
    append('c', 'never', 'OVERWRITE_IF_EXISTS'),
    append('a', 'never', 'ADD_IF_ABSENT'),
    { append: { entry: { key: 'old', value: Buffer.from('form').toString('base64') } } },
    { remove: 'token' },
  ];
  await using proxy = await start({ mutations: { query_parameter_mutations } });
  await proxy.request({ path: '/x?a=1&b=1&token=t', headers: { 'x-user': 'ann lee' } });
  expect(proxy.upstreamHeads[0]).toMatch(/^GET \/x\?a=1&b=new&who=ann\+lee&a=2&old=form HTTP/);
});

test('trailers that are there are changed in both directions', async () => {
  const seen: string[] = [];
  const upstream = async (peer: RawPeer): Promise<void> => {
    await peer.readHead();
    seen.push(await peer.readUntil('\r\n\r\n'));
    peer.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-down: 1\r\n\r\n');
  };
  const mutations = { request_trailers_mutations: [add('x-by', 'us'), { remove: 'x-up' }], response_trailers_mutations: [add('x-by', 'us')] };
  await using proxy = await start({ mutations }, { upstream });
  const client = await proxy.connect();
  client.write('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx-up: 1\r\n\r\n');
  await client.readHead();
  expect(await client.readUntil('\r\n\r\n')).toMatch(/^0\r\nx-down: 1\r\nx-by: us\r\n/);
  expect(seen).toEqual(['0\r\nx-by: us\r\n\r\n']);
});

test('what it cannot change is refused', async () => {
  const refused = (mutations: object): Promise<string> => start({ mutations }).then(() => 'started', (reason: Error) => reason.message);
  expect(await refused({ request_mutations: [{ remove: 'Host' }] })).toMatch(/mutations\.request_mutations\[0\]\.remove: is host, which no rule may take away/);
  expect(await refused({ request_mutations: [add(':path', '/')] })).toMatch(/append\.header\.key: is :path/);
  expect(await refused({ response_mutations: [add('x-a', '%NONSENSE%')] })).toMatch(/mutations\.response_mutations\[0\]\.append\.header\.value: /);
  expect(await refused({ query_parameter_mutations: [{ append: { record: { key: 'a', value: '%NONSENSE%' } } }] })).toMatch(/mutations\.query_parameter_mutations\[0\]\.append: /);
  expect(await refused({ request_mutations: [{}] })).toMatch(/request_mutations\[0\]: must have one of append, remove, remove_on_match/);
});
