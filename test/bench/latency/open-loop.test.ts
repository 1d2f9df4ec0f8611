/** The generator has to tell the truth about targets whose delays are known. Its own figures are compared with what the target has written down. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { silentLogger, systemTimers } from '@sluice/kernel';
import { createSystemNetwork } from '@sluice/proxy';
import { afterEach, expect, test } from 'vitest';
import { latenessProblem } from './latency-table.ts';
import { runClosedLoop } from './closed-loop.ts';
import { summariseLoad } from './generated-load.ts';
import { OpenLoop, percentile, type OpenLoopOptions, type OpenLoopResult } from './open-loop.ts';
import { startReplyingBackend } from './replying-backend.ts';

const network = await createSystemNetwork({ timers: systemTimers, logger: silentLogger, platform: process.platform, poisonsMemory: true });
const runOpenLoop = (options: OpenLoopOptions): Promise<OpenLoopResult> => new OpenLoop(options).run(network);

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

/** Answers each request as `answer` says; a request comes in one piece here. */
async function serve(answer: (socket: Socket, count: number) => void): Promise<number> {
  let count = 0;
  const server = createServer({ noDelay: true }, (socket) => socket.on('error', () => {}).on('data', () => answer(socket, (count += 1))));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<AddressInfo> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return address;
}

const reply = (fields = '') => `HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`;

test('a known delay is what is measured', async () => {
  const delays: number[] = [];
  const port = await serve((socket) => {
    const begun = performance.now();
    setTimeout(() => {
      delays.push(performance.now() - begun);
      socket.write(reply());
    }, 30);
  });
  const { latenciesMs, lost } = await runOpenLoop({ port, requestsPerSecond: 200, seconds: 1, warmUpSeconds: 0.2, connections: 50 });
  expect([latenciesMs.length, lost]).toEqual([200, 0]);
  delays.sort((a, b) => a - b);
  const middle = delays[delays.length >> 1] ?? Number.NaN;
  // The way there and back is in it, too; on an idle machine that is a tenth of a millisecond.
  expect(latenciesMs[0]).toBeGreaterThanOrEqual(30 - 1);
  expect(percentile(latenciesMs, 0.5)).toBeGreaterThanOrEqual((delays[0] ?? 0) - 1);
  expect(percentile(latenciesMs, 0.5)).toBeLessThan(middle + 50);
});

test('a target that stalls is charged for everyone who would have come meanwhile', async () => {
  const stallMs = 600;
  let stalledUntil = 0;
  const port = await serve((socket, count) => {
    if (count === 100) stalledUntil = performance.now() + stallMs;
    const wait = stalledUntil - performance.now();
    if (wait > 0) setTimeout(() => socket.write(reply()), wait);
    else socket.write(reply());
  });
  // Ten connections: a generator that waits for answers would see ten slow ones.
  const { latenciesMs } = await runOpenLoop({ port, requestsPerSecond: 200, seconds: 2, warmUpSeconds: 0, connections: 10 });
  const slow = latenciesMs.filter((latency) => latency > 100).length;
  expect(slow).toBeGreaterThan(((stallMs - 100) / 1_000) * 200 * 0.9);
  expect(percentile(latenciesMs, 0.99)).toBeGreaterThan(stallMs * 0.9);
});

test('answers of different lengths, and in pieces, are told apart', async () => {
  const port = await serve((socket, count) => {
    const text = reply(`x-took: ${'1'.repeat(1 + (count % 5))}\r\n`);
    const at = count % text.length;
    socket.write(text.slice(0, at));
    setImmediate(() => socket.write(text.slice(at)));
  });
  const { latenciesMs, lost } = await runOpenLoop({ port, requestsPerSecond: 300, seconds: 1, warmUpSeconds: 0, connections: 5 });
  expect([latenciesMs.length, lost]).toEqual([300, 0]);
});

test('what is refused, cut off or never answered is lost, and waited for until the end', async () => {
  const port = await serve((socket, count) => {
    if (count === 10) socket.write('HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n');
    else if (count === 20) socket.destroy();
    else if (count !== 30) socket.write(reply());
  });
  const { latenciesMs, lost } = await runOpenLoop({ port, requestsPerSecond: 100, seconds: 0.5, warmUpSeconds: 0, connections: 5 });
  expect([latenciesMs.length, lost]).toEqual([50, 3]);
  // Due at 0.1, 0.2 and 0.3 s, given up at 1.5 s.
  expect(latenciesMs.filter((latency) => latency > 1_000).length).toBe(3);
});

test('the backend of the generator answers what proxies ask, and lets it send what is due', async () => {
  let calls = 0;
  const body = 'a reply';
  const { port } = await freePort();
  await startReplyingBackend(network, port, body, () => (calls += 1));
  const { latenciesMs, lost } = await runOpenLoop({ port, requestsPerSecond: 200, seconds: 0.5, warmUpSeconds: 0, connections: 5 });
  const closed = await runClosedLoop({ port, seconds: 0.1, connections: 5 }, network);
  expect([latenciesMs.length, lost, closed.lost, calls]).toEqual([100, 0, 0, 100 + closed.requests]);
  expect(closed.requests).toBeGreaterThan(5);
});

test('a generator that is kept from its work says so, and its shot does not count', async () => {
  // The target and the generator are in one process: what keeps it busy keeps both from their work.
  const port = await serve((socket, count) => {
    for (const until = performance.now() + (count % 20 === 0 ? 50 : 0); performance.now() < until; );
    socket.write(reply());
  });
  const load = summariseLoad(await runOpenLoop({ port, requestsPerSecond: 200, seconds: 0.5, warmUpSeconds: 0, connections: 10 }));
  expect(load.latenessP99Ms).toBeGreaterThan(20);
  expect(load.lateRatio).toBeGreaterThan(0.2);
  expect(latenessProblem({ ...load, lost: 0 })).toMatch(/the generator was late itself/);
});

test('a shot counts when its generator was in time and read in time', () => {
  const good = { lost: 0, p99Ms: 0.2, lateRatio: 0.1, unreadP99Ms: 0.02 };
  expect(latenessProblem(good)).toBeUndefined();
  expect(latenessProblem({ ...good, lateRatio: 0.3 })).toBe('the generator was late itself with 30 % of the requests');
  expect(latenessProblem({ ...good, unreadP99Ms: 0.5 })).toMatch(/may have read late/);
  expect(latenessProblem({ ...good, unreadP99Ms: 0.5, p99Ms: 6 })).toBeUndefined();
  expect(latenessProblem({ ...good, lost: 2 })).toBe('2 lost');
});

test('what was noticed late counts among all, and not among the punctual', async () => {
  const port = await serve((socket, count) => {
    for (const until = performance.now() + (count === 10 ? 100 : 0); performance.now() < until; );
    socket.write(reply());
  });
  const { latenciesMs, punctualMs, latenessMs } = await runOpenLoop({ port, requestsPerSecond: 200, seconds: 0.5, warmUpSeconds: 0, connections: 10 });
  expect(latenciesMs.length).toBe(100);
  expect(punctualMs.length).toBe(latenessMs.filter((lateness) => lateness <= 0.1).length);
  // The 100 ms were those of twenty requests.
  expect(punctualMs.length).toBeLessThan(85);
});
