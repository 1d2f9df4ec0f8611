import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture, type RawPeer } from '../../testing/index.ts';
import { MessageCounter } from './message-counter.ts';

const filter = (config: object): object => ({ name: 'stats', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.grpc_stats.v3.FilterConfig', ...config } });
const message = (text: string): string => `\0\0\0\0${String.fromCharCode(text.length)}${text}`;
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

/** Answers calls with two messages and a status behind them. */
async function answer(peer: RawPeer): Promise<void> {
  for (;;) {
    await peer.readHead();
    await peer.readUntil('0\r\n\r\n');
    peer.write(`HTTP/1.1 200 OK\r\ncontent-type: application/grpc\r\ntransfer-encoding: chunked\r\n\r\n${chunk(message('one') + message(''))}0\r\ngrpc-status: 5\r\n\r\n`);
  }
}

async function call(proxy: FilterFixture, path: string): Promise<void> {
  const client = await proxy.connect();
  client.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/grpc+proto\r\ntransfer-encoding: chunked\r\n\r\n${chunk(message('hi'))}0\r\n\r\n`);
  await client.readUntil('grpc-status: 5\r\n\r\n');
}

test('calls are counted by method where asked for, with their messages and their status', async () => {
  await using proxy = await startFilterProxy({ filters: [filter({ stats_for_all_methods: true, enable_upstream_stats: true })], upstream: answer });
  await call(proxy, '/shop.Cart/Add');
  await call(proxy, '/shop.Cart/Add');
  const labels = { envoy_cluster_name: 'backend', envoy_grpc_bridge_service: 'shop.Cart', envoy_grpc_bridge_method: 'Add' };
  const counted = ['total', 'success', 'failure', '5', 'request_message_count', 'response_message_count'].map((name) => proxy.metric(`envoy_cluster_grpc_${name}`, labels));
  expect(counted).toEqual([2, 0, 2, 2, 2, 4]);
  expect(proxy.metric('envoy_cluster_grpc_upstream_rq_time', labels)).toBeGreaterThan(0);
});

test('methods that are not listed count for their cluster', async () => {
  const services = [{ name: 'shop.Cart', method_names: ['Add'] }];
  await using proxy = await startFilterProxy({ filters: [filter({ individual_method_stats_allowlist: { services }, replace_dots_in_grpc_service_name: true })], upstream: answer });
  await call(proxy, '/shop.Cart/Add');
  await call(proxy, '/shop.Cart/Remove');
  await call(proxy, '/shop.Cart/Other?x');
  expect(proxy.metric('envoy_cluster_grpc_total', { envoy_grpc_bridge_service: 'shop_Cart', envoy_grpc_bridge_method: 'Add' })).toBe(1);
  expect(proxy.metric('envoy_cluster_grpc_total', { envoy_cluster_name: 'backend' })).toBe(3);
});

test('a status in the head counts, also one of our own; other requests do not', async () => {
  await using proxy = await startFilterProxy({
    filters: [filter({}), { name: 'fault', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault', abort: { grpc_status: 14, percentage: { numerator: 100 } } } }],
  });
  await proxy.request({ headers: { 'content-type': 'application/grpc' } });
  await proxy.request();
  expect([proxy.metric('envoy_cluster_grpc_14'), proxy.metric('envoy_cluster_grpc_total')]).toEqual([1, 1]);
});

test('messages are counted wherever the body is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 300 }), { maxLength: 8 }), fc.array(fc.nat({ max: 400 }), { maxLength: 20 }), (messages, cuts) => {
      const body = Buffer.concat(
        messages.map((text) => {
          const bytes = Buffer.from(text);
          const prefix = Buffer.alloc(5);
          prefix.writeUInt32BE(bytes.length, 1);
          return Buffer.concat([prefix, bytes]);
        }),
      );
      const counter = new MessageCounter();
      let at = 0;
      for (const length of cuts) counter.read(body.subarray(at, (at += length)));
      counter.read(body.subarray(at));
      expect(counter.count).toBe(messages.length);
    }),
  );
});
