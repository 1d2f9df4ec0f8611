/** A client that is slow, on a network that stands still where a test wants it. */
import { Buffer } from 'node:buffer';
import { createMeter, createSeededRandom, silentLogger, type ConnectionHandler } from '@sluice/kernel';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { createProxy } from '../proxy.ts';
import { createTestConfig } from '../testing/index.ts';

const proxyAddress = { host: '10.0.0.2', port: 80 };
const upstreamAddress = { host: '10.0.0.3', port: 80 };
const deaf: ConnectionHandler = { onData() {}, onDrain() {}, onEnd() {}, onClose() {} };

test.each([0, 60_000])('a client that reads nothing of its response is given up, idle timeout of streams %i ms', async (streamIdleTimeoutMs) => {
  const time = new SimulatedTime();
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  await network.view('upstream', upstreamAddress.host).listen(upstreamAddress, (connection) => {
    const answer = Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(400_000)}`);
    connection.handler = { ...deaf, onData: () => void connection.write(answer, 0, answer.length) };
  });
  const proxy = createProxy({
    clock: time,
    timers: time,
    random: createSeededRandom(1),
    network: network.view('proxy', proxyAddress.host),
    logger: silentLogger,
    meter: createMeter(),
  });
  await proxy.apply(createTestConfig({ listen: proxyAddress, upstreams: [upstreamAddress], manager: { streamIdleTimeoutMs }, route: { timeoutMs: 0 } }));
  proxy.start();
  const client = network.view('client', '10.0.0.1').connect(proxyAddress, deaf);
  const request = Buffer.from('GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
  client.write(request, 0, request.length);
  client.pause();

  await time.advanceAsync(15_000);
  expect([proxy.activeStreams, proxy.activeConnections]).toEqual([1, 1]);
  await time.advanceAsync(700_000);
  expect(proxy.activeConnections).toBe(0);
  await proxy.close();
});
