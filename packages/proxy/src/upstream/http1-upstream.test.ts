/** An upstream connection between two exchanges, on a network that can be slow exactly where a test wants it. */
import { Buffer } from 'node:buffer';
import { createMeter, createSeededRandom, silentLogger, type Connection } from '@sluice/kernel';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { createProxy } from '../proxy.ts';
import { createTestConfig } from '../testing/index.ts';

const proxyAddress = { host: '10.0.0.2', port: 80 };
const upstreamAddress = { host: '10.0.0.3', port: 80 };
const body = 'x'.repeat(400_000);

const say = (connection: Connection, text: string) => {
  const bytes = Buffer.from(text, 'latin1');
  connection.write(bytes, 0, bytes.length);
};

test('a connection whose last response ended while its client was slow serves the next request', async () => {
  const time = new SimulatedTime();
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  let accepted = 0;
  await network.view('upstream', upstreamAddress.host).listen(upstreamAddress, (connection) => {
    accepted += 1;
    let request = '';
    connection.handler = {
      onData(memory, length) {
        request += memory.toString('latin1', 0, length);
        if (!request.endsWith('\r\n\r\n')) return;
        request = '';
        say(connection, `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
      },
      onDrain() {},
      onEnd() {},
      onClose() {},
    };
  });
  const proxy = createProxy({
    clock: time,
    timers: time,
    random: createSeededRandom(1),
    network: network.view('proxy', proxyAddress.host),
    logger: silentLogger,
    meter: createMeter(),
  });
  await proxy.apply(createTestConfig({ listen: proxyAddress, upstreams: [upstreamAddress] }));
  proxy.start();

  let received = '';
  const client = network.view('client', '10.0.0.1').connect(proxyAddress, {
    onData: (memory, length) => {
      received += memory.toString('latin1', 0, length);
    },
    onDrain() {},
    onEnd() {},
    onClose() {},
  });
  const bodyOf = () => received.slice(received.indexOf('\r\n\r\n') + 4);
  for (let request = 1; request <= 3; request += 1) {
    received = '';
    say(client, 'GET / HTTP/1.1\r\nhost: a.test\r\n\r\n');
    // The client reads late, so that the end of the body meets a full way to it.
    client.pause();
    await time.advanceAsync(200);
    client.resume();
    await time.advanceAsync(1000);
    expect(bodyOf() === body).toBe(true);
  }
  expect(accepted).toBe(1);
  await proxy.close();
});
