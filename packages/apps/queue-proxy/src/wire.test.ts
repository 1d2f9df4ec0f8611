/**
 * The sidecar's side of what passes between it and Knative's own components, byte by byte. What those send is what Go's
 * client writes: names in their canonical form, in order, the host of the address.
 */
import { describe, expect, test } from 'vitest';
import { createPod } from './testing/simulated-pod.ts';

/** The simulated clock stands still at the beginning of its epoch but for the milliseconds of the network. */
const date = 'date: Thu, 01 Jan 2026 00:00:00 GMT\r\n';

const fromActivator = [
  'GET /orders?id=7 HTTP/1.1',
  'Host: 127.7.0.5:8012',
  'User-Agent: curl/8.5.0',
  'Accept: */*',
  'K-Original-Host: shop.default.example.com',
  'K-Proxy-Request: activator',
  'X-Forwarded-For: 192.0.2.7, 10.0.0.3',
  'X-Forwarded-Proto: http',
  'X-Request-Id: 5e2f',
  'Accept-Encoding: gzip',
  '',
  '',
].join('\r\n');

describe('an activator of Knative’s', () => {
  test('that asks whether the pod is ready hears the one word it waits for', async () => {
    const { time, startProgram, send } = await createPod();
    await startProgram();
    const probe = send('GET /healthz HTTP/1.1\r\nHost: 127.7.0.5:8012\r\nUser-Agent: Knative-Activator-Probe\r\nK-Network-Probe: queue\r\nAccept-Encoding: gzip\r\n\r\n');
    await time.advanceAsync(100);
    expect(probe.answer).toBe(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-type: text/plain\r\n${date}\r\nqueue`);
  });

  test('and of a pod that goes hears that', async () => {
    const { time, startProgram, send, sidecar } = await createPod();
    await startProgram();
    void sidecar.drain();
    const probe = send('GET /healthz HTTP/1.1\r\nHost: 127.7.0.5:8012\r\nUser-Agent: Knative-Activator-Probe\r\nK-Network-Probe: queue\r\nAccept-Encoding: gzip\r\n\r\n');
    await time.advanceAsync(100);
    expect(probe.answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n[\s\S]*\r\n\r\nshutting down$/);
  });

  test('sends a request, and the program hears it as its client has sent it', async () => {
    const { time, program, startProgram, send, sidecar } = await createPod();
    await startProgram();
    const exchange = send(fromActivator);
    await time.advanceAsync(500);
    expect(program.heads).toEqual([
      [
        'GET /orders?id=7 HTTP/1.1',
        'User-Agent: curl/8.5.0',
        'Accept: */*',
        'K-Proxy-Request: activator',
        'X-Forwarded-Proto: http',
        'X-Request-Id: 5e2f',
        'Accept-Encoding: gzip',
        'forwarded: for=192.0.2.7;proto=http, for=10.0.0.3',
        'x-forwarded-for: 192.0.2.7, 10.0.0.3,10.0.0.1',
        'host: shop.default.example.com',
        '',
        '',
      ].join('\r\n'),
    ]);
    expect(exchange.answer).toBe(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n${date}\r\nhello`);
    expect(sidecar.load.report(time.now())).toMatchObject({ requestCount: 1, proxiedRequestCount: 1 });
  });

  test('is refused in its own words when the queue is full', async () => {
    const { time, startProgram, send } = await createPod({ CONTAINER_CONCURRENCY: '1' }, 60_000);
    await startProgram();
    for (let index = 0; index < 11; index += 1) send(fromActivator);
    await time.advanceAsync(50);
    const twelfth = send(fromActivator);
    await time.advanceAsync(50);
    expect(twelfth.answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(twelfth.answer).toContain('\r\nx-content-type-options: nosniff\r\n');
    expect(twelfth.answer).toContain('\r\ncontent-type: text/plain; charset=utf-8\r\n');
    expect(twelfth.answer).toMatch(/\r\n\r\npending request queue full\n$/);
  });
});

describe('an ingress that probes its data path', () => {
  const probe = (hash: string): string => `GET /healthz HTTP/1.1\r\nHost: shop.default.example.com\r\nUser-Agent: Knative-Ingress-Probe\r\n${hash}K-Network-Probe: probe\r\nAccept-Encoding: gzip\r\n\r\n`;

  test('hears its own hash', async () => {
    const { time, send } = await createPod();
    const exchange = send(probe('K-Network-Hash: 8b1a9953c4611296\r\n'));
    await time.advanceAsync(50);
    expect(exchange.answer).toBe(`HTTP/1.1 200 OK\r\nk-network-hash: 8b1a9953c4611296\r\ncontent-length: 0\r\n${date}\r\n`);
  });

  test('without a hash is told what a probe must have', async () => {
    const { time, send } = await createPod();
    const exchange = send(probe(''));
    await time.advanceAsync(50);
    expect(exchange.answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(exchange.answer).toMatch(/\r\n\r\na probe request must contain a non-empty "K-Network-Hash" header$/);
  });
});
