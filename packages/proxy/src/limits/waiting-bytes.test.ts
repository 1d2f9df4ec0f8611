/** Bytes that nobody takes stay with whoever sends them: reading is paused, and goes on. */
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { startFilterProxy, type RawPeer } from '../testing/index.ts';

const bytes = 16 << 20;
const large = Buffer.alloc(bytes, 'x');

test('a client that does not read has its response wait at the host', async () => {
  const upstream = async (peer: RawPeer): Promise<void> => {
    await peer.readHead();
    peer.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`);
    peer.write(large);
  };
  await using proxy = await startFilterProxy({ upstream, cluster: { per_connection_buffer_limit_bytes: 65_536 } });
  const client = await proxy.connect();
  client.socket.pause();
  client.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await expect.poll(() => proxy.metric('envoy_cluster_upstream_flow_control_paused_reading_total'), { timeout: 10_000 }).toBeGreaterThan(0);
  client.socket.resume();
  await client.readHead();
  expect((await client.readBytes(bytes)).length).toBe(bytes);
  expect(proxy.metric('envoy_cluster_upstream_flow_control_resumed_reading_total')).toBeGreaterThan(0);
});

test('an upstream that does not read has the request wait at the client', async () => {
  let read: () => void = () => {};
  const upstream = async (peer: RawPeer): Promise<void> => {
    await peer.readHead();
    peer.socket.pause();
    read = () => peer.socket.resume();
    await peer.readBytes(bytes);
    peer.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  };
  await using proxy = await startFilterProxy({ upstream, cluster: { per_connection_buffer_limit_bytes: 65_536 } });
  const client = await proxy.connect();
  client.write(`POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${bytes}\r\n\r\n`);
  client.write(large);
  await expect.poll(() => proxy.metric('envoy_http_downstream_flow_control_paused_reading_total'), { timeout: 10_000 }).toBeGreaterThan(0);
  expect(proxy.metric('envoy_cluster_upstream_flow_control_backed_up_total')).toBeGreaterThan(0);
  read();
  expect(await client.readHead()).toMatch(/^HTTP\/1\.1 200/);
  expect(proxy.metric('envoy_http_downstream_flow_control_resumed_reading_total')).toBeGreaterThan(0);
  expect(proxy.metric('envoy_cluster_upstream_flow_control_drained_total')).toBe(proxy.metric('envoy_cluster_upstream_flow_control_backed_up_total'));
});
