/** The sidecar's side servers on real sockets, asked as Knative's own components ask: what Go's client writes, byte by byte. */
import { Buffer } from 'node:buffer';
import { createServer, connect, type AddressInfo } from 'node:net';
import { SimulatedTime } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import { LoadMeter } from './load-meter.ts';
import { createStatPage, listen } from './side-servers.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Everything that comes back until the peer ends. */
function exchange(port: number, request: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.on('data', (piece: Buffer) => pieces.push(piece));
    socket.on('end', () => resolve(Buffer.concat(pieces)));
    socket.on('error', reject);
  });
}

const scrape = (path: string, port: number) =>
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: Go-http-client/1.1\r\nAccept: application/protobuf\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n`;

function double(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes.toString('hex');
}

test('an autoscaler of Knative’s that scrapes gets one Stat of the last second, and from another path nothing', async () => {
  const time = new SimulatedTime();
  const load = new LoadMeter(time.now());
  const port = await freePort();
  const stop = await listen(createStatPage({ load, podName: 'hello-00001-abc', startedAt: time.now(), clock: time }), '127.0.0.1', port);
  // Three come at the beginning of a second, one of them by an activator; two of them leave in its middle.
  load.stats.requestIn(time.now(), true);
  load.stats.requestIn(time.now(), false);
  load.stats.requestIn(time.now(), false);
  time.advance(500);
  load.stats.requestOut(time.now(), false);
  load.stats.requestOut(time.now(), false);
  time.advance(500);

  const answer = await exchange(port, scrape('/metrics', port));
  const text = answer.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n') + 4;
  expect(text.slice(0, headEnd)).toMatch(/^HTTP\/1\.1 200 OK\r\ncontent-type: application\/protobuf\r\ncontent-length: 62\r\n/);
  // Its name; 2 at a time on average, 1 of them proxied; 3 and 1 a second; up for a second.
  expect(answer.subarray(headEnd).toString('hex')).toBe(
    `0a0f${Buffer.from('hello-00001-abc').toString('hex')}11${double(2)}19${double(1)}21${double(3)}29${double(1)}31${double(1)}`,
  );
  expect((await exchange(port, scrape('/other', port))).toString('latin1')).toMatch(/^HTTP\/1\.1 404 /);
  stop();
});
