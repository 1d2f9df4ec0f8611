/** Who gets which connection of a pool, on a network where opening one takes a while. */
import { Host } from '@sluice/balancing';
import { endpointAt } from '@sluice/balancing/testing';
import { createMeter, createSeededRandom, silentLogger } from '@sluice/kernel';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, test } from 'vitest';
import type { UpstreamEvents } from '../codec.ts';
import { OutputBuffer } from '../output-buffer.ts';
import { Statistics } from '../statistics.ts';
import { Sweep } from '../sweep.ts';
import { createNoResolver } from './dns/no-resolver.ts';
import { Turn } from '../turn.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { ConnectionPool } from './connection-pool.ts';
import type { Http1Upstream } from './http1-upstream.ts';
import { IdleRoom, type IdleLimits } from './idle-room.ts';

/** The exchanges of these tests have no bytes. */
const silent: UpstreamEvents = {
  onInformational() {},
  onResponseHead() {},
  onTunnelHead() {},
  onResponseData() {},
  onResponseEnd() {},
  onUpstreamDrain() {},
  onUpstreamTunnelEnd() {},
  onUpstreamFailure() {},
  onUpstreamCrash() {},
};

async function createPool(connectionsMax = 100, preconnectRatio = 1, idleLimits?: IdleLimits) {
  const time = new SimulatedTime();
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) });
  await network.view('host', '10.0.0.3').listen({ host: '10.0.0.3', port: 80 }, (connection) => {
    connection.handler = { onData() {}, onDrain() {}, onEnd: () => connection.end(), onClose() {} };
  });
  const turn = new Turn(time);
  const statistics = new Statistics(createMeter());
  const context = {
    random: createSeededRandom(1),
    timers: time,
    network: network.view('proxy', '10.0.0.2'),
    resolver: createNoResolver(time),
    logger: silentLogger,
    statistics,
    turn,
    output: new OutputBuffer(turn),
    sweep: new Sweep(turn, time, 50),
    idleRoom: idleLimits && new IdleRoom<object>(idleLimits, createMeter().counter('closed', '')),
  };
  const limits = { connectTimeoutMs: 1000, requestsPerConnectionMax: 0, idleTimeoutMs: 0, preconnectRatio };
  const breaker = new CircuitBreaker({ connectionsMax, pendingRequestsMax: 100, requestsMax: 100, retriesMax: 3 });
  const pool = new ConnectionPool(new Host(endpointAt('10.0.0.3:80')), limits, context, statistics.upstream('app'), breaker, () => {});

  /** Asks for a connection; what comes is kept, with the number of exchanges on it, this one included. */
  function ask(fresh = false): { connection?: Http1Upstream; requestsServed?: number } {
    const answer: { connection?: Http1Upstream; requestsServed?: number } = {};
    pool.request(
      {
        comesByHttp2: false,
        onConnection(exchange) {
          exchange.begin(silent);
          answer.connection = exchange as Http1Upstream;
          answer.requestsServed = answer.connection.requestsServed;
        },
        onNoConnection: (code) => expect.unreachable(code),
      },
      fresh,
    );
    return answer;
  }

  return { time, pool, ask, idleRoom: context.idleRoom };
}

describe('where idle connections are limited', () => {
  test.each([
    ['to one host', { totalMax: 0, perHostMax: 2 }, [0, 1]],
    ['over all, of which the one that has lain longest makes room', { totalMax: 2, perHostMax: 0 }, [1, 2]],
  ] as const)('no more stay than may: %s', async (_, limits, staying) => {
    const { time, pool, ask, idleRoom } = await createPool(100, 1, limits);
    const asked = [ask(), ask(), ask()];
    await time.advanceAsync(100);
    const connections = asked.map(({ connection }) => connection as Http1Upstream);
    for (const connection of connections) pool.onIdle(connection);
    await time.advanceAsync(100);
    expect([pool.connections, idleRoom?.size]).toEqual([2, 2]);
    // Last in, first out.
    expect([ask().connection, ask().connection]).toEqual(staying.toReversed().map((index) => connections[index]));
    expect(idleRoom?.size).toBe(0);
    pool.onIdle(connections[1] as Http1Upstream);
    pool.drain();
    expect(idleRoom?.size).toBe(0);
  });
});

describe('a second try', () => {
  test('waits for the connection opened for it, though another has just become idle', async () => {
    const { time, pool, ask } = await createPool();
    const first = ask();
    await time.advanceAsync(100);
    const again = ask(true);
    pool.onIdle(first.connection as Http1Upstream);
    expect(again.connection).toBeUndefined();
    await time.advanceAsync(100);
    expect(again).toMatchObject({ requestsServed: 1 });
    expect(again.connection).not.toBe(first.connection);
    expect(ask().connection).toBe(first.connection);
  });

  test('lets those behind it have what becomes idle', async () => {
    const { time, pool, ask } = await createPool();
    const first = ask();
    await time.advanceAsync(100);
    const again = ask(true);
    const behind = ask();
    pool.onIdle(first.connection as Http1Upstream);
    expect(behind.connection).toBe(first.connection);
    await time.advanceAsync(100);
    expect(again).toMatchObject({ requestsServed: 1 });
  });

  test.each([
    ['is idle already', true],
    ['becomes idle', false],
  ])('takes the room of a connection that %s where there may be no other', async (_, isIdleBefore) => {
    const { time, pool, ask } = await createPool(1);
    const first = ask();
    await time.advanceAsync(100);
    if (isIdleBefore) pool.onIdle(first.connection as Http1Upstream);
    const again = ask(true);
    await time.advanceAsync(100);
    if (!isIdleBefore) pool.onIdle(first.connection as Http1Upstream);
    await time.advanceAsync(100);
    expect(again).toMatchObject({ requestsServed: 1 });
    expect(again.connection).not.toBe(first.connection);
    expect(pool.connections).toBe(1);
  });
});

describe('a pool that opens more than is asked for', () => {
  test('has a connection for the next request, and one for the one behind it', async () => {
    const { time, pool, ask } = await createPool(100, 2);
    ask();
    await time.advanceAsync(100);
    expect(pool.connections).toBe(2);
    // At once, without waiting for a connection.
    expect(ask()).toMatchObject({ requestsServed: 1 });
    await time.advanceAsync(100);
    expect(pool.connections).toBe(4);
  });

  test('opens no more than it may', async () => {
    const { time, pool, ask } = await createPool(3, 3);
    ask();
    ask();
    await time.advanceAsync(100);
    expect(pool.connections).toBe(3);
  });
});
