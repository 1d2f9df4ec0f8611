/** Where further tries go: other hosts, other priorities; and what a cluster says of tries itself. */
import { expect, test } from 'vitest';
import { answerWith, createAnsweringUpstream, startFilterProxy, startRawUpstream, type RawUpstream } from './testing/index.ts';

const backOff = { base_interval: '0.001s' };
const typeOf = (name: string) => `type.googleapis.com/envoy.extensions.retry.${name}`;
const endpoint = ({ address }: RawUpstream, fields: object = {}) => ({ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: address.port } } }, ...fields });

/** Two hosts that say who they are: `bad` fails, `good` does not. */
async function startHosts() {
  const bad = await startRawUpstream(createAnsweringUpstream([answerWith(503, 'bad')]).script);
  const good = await startRawUpstream(createAnsweringUpstream([answerWith(200, 'good')]).script);
  return {
    bad,
    good,
    async [Symbol.asyncDispose]() {
      await bad[Symbol.asyncDispose]();
      await good[Symbol.asyncDispose]();
    },
  };
}

async function answersOf(cluster: object, retryPolicy: object, requests: number): Promise<readonly string[]> {
  await using proxy = await startFilterProxy({
    filters: [],
    cluster,
    route: { route: { cluster: 'backend', retry_policy: { retry_on: '5xx', retry_back_off: backOff, ...retryPolicy } } },
  });
  const answers: string[] = [];
  for (let request = 0; request < requests; request += 1) answers.push((await proxy.request()).body.toString());
  return answers;
}

test('a host that has failed is not asked again while there is another', async () => {
  await using hosts = await startHosts();
  const cluster = { lb_policy: 'RANDOM', load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [endpoint(hosts.bad), endpoint(hosts.good)] }] } };
  const previous = { retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts', typed_config: { '@type': typeOf('host.previous_hosts.v3.PreviousHostsPredicate') } }], host_selection_retry_max_attempts: 50 };
  expect(new Set(await answersOf(cluster, previous, 30))).toEqual(new Set(['good']));
});

test('without that, a try may meet the same host again', async () => {
  await using hosts = await startHosts();
  const cluster = { lb_policy: 'RANDOM', load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [endpoint(hosts.bad), endpoint(hosts.good)] }] } };
  expect(await answersOf(cluster, {}, 30)).toContain('bad');
});

test('when all hosts have failed, the next try goes to another than the last, which may have come back', async () => {
  const asked: string[] = [];
  const failsOnce = (name: string) =>
    startRawUpstream(async (peer) => {
      for (;;) {
        await peer.readHead();
        asked.push(name);
        peer.write(`HTTP/1.1 ${asked.length > 2 ? 200 : 503} X\r\ncontent-length: 0\r\n\r\n`);
      }
    });
  await using a = await failsOnce('a');
  await using b = await failsOnce('b');
  const cluster = { load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [endpoint(a), endpoint(b)] }] } };
  await answersOf(cluster, { num_retries: 2, retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts' }], host_selection_retry_max_attempts: 5 }, 1);
  expect(asked).toHaveLength(3);
  expect(asked[2]).toBe(asked[0]);
});

test('a host whose connection failed counts as tried', async () => {
  await using hosts = await startHosts();
  const gone = await startRawUpstream(() => {});
  await gone[Symbol.asyncDispose]();
  const cluster = { lb_policy: 'RANDOM', load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [endpoint(gone), endpoint(hosts.good)] }] } };
  const previous = { retry_on: 'connect-failure', retry_host_predicate: [{ name: 'envoy.retry_host_predicates.previous_hosts' }], host_selection_retry_max_attempts: 50 };
  expect(new Set(await answersOf(cluster, previous, 20))).toEqual(new Set(['good']));
});

test.each([
  ['omit_canary_hosts', { name: 'a', typed_config: { '@type': typeOf('host.omit_canary_hosts.v3.OmitCanaryHostsPredicate') } }],
  ['omit_host_metadata', { name: 'b', typed_config: { '@type': typeOf('host.omit_host_metadata.v3.OmitHostMetadataConfig'), metadata_match: { filter_metadata: { 'envoy.lb': { canary: true } } } } }],
])('further tries keep away from marked hosts: %s', async (_name, predicate) => {
  await using hosts = await startHosts();
  const marked = { metadata: { filter_metadata: { 'envoy.lb': { canary: true } } } };
  const cluster = { lb_policy: 'RANDOM', load_assignment: { cluster_name: 'backend', endpoints: [{ lb_endpoints: [endpoint(hosts.bad, marked), endpoint(hosts.good)] }] } };
  expect(new Set(await answersOf(cluster, { retry_host_predicate: [predicate], host_selection_retry_max_attempts: 50 }, 30))).toEqual(new Set(['good']));
});

test('further tries leave a priority that has failed', async () => {
  await using hosts = await startHosts();
  const endpoints = [{ priority: 0, lb_endpoints: [endpoint(hosts.bad)] }, { priority: 1, lb_endpoints: [endpoint(hosts.good)] }];
  const cluster = { load_assignment: { cluster_name: 'backend', endpoints } };
  const priorities = { retry_priority: { name: 'p', typed_config: { '@type': typeOf('priority.previous_priorities.v3.PreviousPrioritiesConfig'), update_frequency: 1 } } };
  expect(await answersOf(cluster, priorities, 3)).toEqual(['good', 'good', 'good']);
  expect(await answersOf(cluster, {}, 3)).toEqual(['bad', 'bad', 'bad']);
});

test('the policy of a cluster stands in place of that of a route', async () => {
  const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  const upstream = createAnsweringUpstream([answerWith(503), answerWith(200, 'second')]);
  await using proxy = await startFilterProxy({
    filters: [],
    upstream: upstream.script,
    cluster: { typed_extension_protocol_options: { [options]: { '@type': `type.googleapis.com/${options}`, explicit_http_config: { http_protocol_options: {} }, retry_policy: { retry_on: '5xx', retry_back_off: backOff } } } },
    route: { route: { cluster: 'backend', retry_policy: { retry_on: 'reset' } } },
  });
  expect((await proxy.request()).body.toString()).toBe('second');
});

test('the stream of a cluster has its longest time: UMSDR', async () => {
  const options = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  await using proxy = await startFilterProxy({
    filters: [],
    upstream: async (peer) => {
      await peer.readHead();
      peer.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
    },
    cluster: { typed_extension_protocol_options: { [options]: { '@type': `type.googleapis.com/${options}`, explicit_http_config: { http_protocol_options: {} }, common_http_protocol_options: { max_stream_duration: '0.4s' } } } },
  });
  const client = await proxy.connect();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  expect((await client.readToEnd()).toString()).toMatch(/half$/);
  expect(await proxy.nextLog()).toBe('200 UMSDR upstream_max_stream_duration_reached');
});
