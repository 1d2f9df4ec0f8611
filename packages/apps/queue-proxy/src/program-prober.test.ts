import { silentLogger } from '@sluice/kernel';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, it } from 'vitest';
import type { LateProbes } from './late-probes.ts';
import type { ProgramProbe } from './program-probe.ts';
import { ProgramProber } from './program-prober.ts';

const tcp: ProgramProbe = { target: { kind: 'tcp', port: 8080 }, periodSeconds: 0, timeoutSeconds: 1, successThreshold: 1 };

function createWorld(...probes: ProgramProbe[]) {
  const time = new SimulatedTime();
  const connects: number[] = [];
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }), onConnect: () => connects.push(time.now()) });
  const view = network.view('pod', '127.0.0.1');
  const prober = new ProgramProber({ probes, network: view, clock: time, timers: time, logger: silentLogger });
  const results: string[] = [];
  return {
    time,
    connects,
    results,
    ask: (name: string) => prober.probe((isReady) => results.push(`${name} ${isReady} at ${Math.round(time.now())}`)),
    /** The program begins to listen, and answers requests with `status` when that is asked for. */
    listen: (port: number, status?: number) =>
      view.listen({ host: '127.0.0.1', port }, (connection) => {
        connection.handler = {
          onData() {
            const answer = Buffer.from(`HTTP/1.1 ${status} x\r\ncontent-length: 0\r\n\r\n`);
            connection.write(answer, 0, answer.length);
          },
          onDrain() {},
          onEnd: () => connection.end(),
          onClose() {},
        };
      }),
  };
}

describe('an eager probe', () => {
  it('asks until the program listens, and answers everybody who has asked meanwhile', async () => {
    const { time, results, ask, listen } = createWorld(tcp);
    ask('first');
    await time.advanceAsync(300);
    ask('second');
    expect(results).toEqual([]);
    await listen(8080);
    await time.advanceAsync(20);
    expect(results.map((result) => result.replace(/ at .*/, ''))).toEqual(['first true', 'second true']);
  });

  it('asks often at first and less often later', async () => {
    const { time, connects, ask } = createWorld(tcp);
    ask('it');
    await time.advanceAsync(1000);
    const early = connects.length;
    await time.advanceAsync(4000);
    const before = connects.length;
    await time.advanceAsync(1000);
    expect(early).toBeGreaterThan(50);
    expect(connects.length - before).toBeLessThanOrEqual(20);
  });

  it('gives up after ten seconds, and begins anew when asked again', async () => {
    const { time, results, ask, listen } = createWorld(tcp);
    ask('first');
    await time.advanceAsync(10_200);
    expect(results.map((result) => result.replace(/ at .*/, ''))).toEqual(['first false']);
    await listen(8080);
    ask('second');
    await time.advanceAsync(100);
    expect(results.at(-1)).toMatch(/^second true/);
  });

  it('wants as many successes in a row as the threshold says', async () => {
    const { time, connects, results, ask, listen } = createWorld({ ...tcp, successThreshold: 3 });
    await listen(8080);
    ask('it');
    await time.advanceAsync(200);
    expect(results).toHaveLength(1);
    expect(connects).toHaveLength(3);
  });
});

describe('a probe with a period', () => {
  it('is asked once each time', async () => {
    const { time, connects, results, ask } = createWorld({ ...tcp, periodSeconds: 10 });
    ask('it');
    await time.advanceAsync(1100);
    expect(results.map((result) => result.replace(/ at .*/, ''))).toEqual(['it false']);
    expect(connects.length).toBeLessThanOrEqual(1);
  });
});

describe('a probe over HTTP', () => {
  const http: ProgramProbe = { ...tcp, target: { kind: 'http', port: 8080, isSecured: false, path: '/ready', headers: {} }, periodSeconds: 10 };

  it.each([
    [200, true],
    [302, true],
    [404, false],
    [503, false],
  ])('takes %i for %s', async (status, isReady) => {
    const { time, results, ask, listen } = createWorld(http);
    await listen(8080, status);
    ask('it');
    await time.advanceAsync(100);
    expect(results.map((result) => result.replace(/ at .*/, ''))).toEqual([`it ${isReady}`]);
  });
});

describe('what HTTP/1.1 cannot ask', () => {
  const asked: string[] = [];
  const probes = (speaksHttp2: boolean): LateProbes => ({
    askHttp2: ({ path }, onAnswer) => {
      asked.push(`h2 ${path}`);
      onAnswer(speaksHttp2 ? undefined : 'connection closed');
    },
    askHttps: ({ path }, onAnswer) => {
      asked.push(`https ${path}`);
      onAnswer(undefined);
    },
    askGrpc: ({ service, timeoutMs }, onAnswer) => {
      asked.push(`grpc ${service} ${timeoutMs}`);
      onAnswer(undefined);
    },
  });

  async function ask(probe: ProgramProbe, detectsHttp2 = false, speaksHttp2 = true): Promise<[result: boolean | undefined, asked: string[]]> {
    asked.length = 0;
    const time = new SimulatedTime();
    const network = new SimulatedNetwork({ links: new SimulatedLinks({ time }) }).view('pod', '127.0.0.1');
    await network.listen({ host: '127.0.0.1', port: 8080 }, (connection) => {
      connection.handler = {
        onData(memory, length) {
          const [line = ''] = memory.toString('latin1', 0, length).split('\r\n');
          asked.push(line);
          const answer = Buffer.from(line.includes('/ready') ? 'HTTP/1.1 302 x\r\nlocation: /login?a\r\ncontent-length: 0\r\n\r\n' : 'HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n');
          connection.write(answer, 0, answer.length);
        },
        onDrain() {},
        onEnd: () => connection.end(),
        onClose() {},
      };
    });
    const prober = new ProgramProber({ probes: [probe], network, clock: time, timers: time, logger: silentLogger, detectsHttp2, loadLateProbes: () => Promise.resolve(probes(speaksHttp2)) });
    let result: boolean | undefined;
    prober.probe((isReady) => (result = isReady));
    await time.advanceAsync(500);
    return [result, asked];
  }

  const http: ProgramProbe = { ...tcp, target: { kind: 'http', port: 8080, isSecured: false, path: '/ready', headers: {} }, periodSeconds: 10 };

  it('gRPC is asked by its health service, in the time of the probe', async () => {
    expect(await ask({ ...tcp, target: { kind: 'grpc', port: 1, service: 'shop' }, periodSeconds: 10, timeoutSeconds: 3 })).toEqual([true, ['grpc shop 3000']]);
    expect(await ask({ ...tcp, target: { kind: 'grpc', port: 1, service: '' } })).toEqual([true, ['grpc  100']]);
  });

  it('HTTPS is asked over TLS', async () => {
    expect(await ask({ ...http, target: { kind: 'http', port: 8080, isSecured: true, path: '/ready', headers: {} } })).toEqual([true, ['https /ready']]);
  });

  it('whoever may speak HTTP/2 is asked by it first, and by HTTP/1.1 where that fails', async () => {
    expect(await ask(http, true)).toEqual([true, ['h2 /ready']]);
    expect(await ask(http, true, false)).toEqual([false, ['h2 /ready', 'GET /ready HTTP/1.1', 'GET /login?a HTTP/1.1']]);
  });

  it('a redirect is followed: what counts is where it leads', async () => {
    expect(await ask(http)).toEqual([false, ['GET /ready HTTP/1.1', 'GET /login?a HTTP/1.1']]);
  });
});

describe('several probes', () => {
  it('must all succeed', async () => {
    const { time, results, ask, listen } = createWorld({ ...tcp, periodSeconds: 1 }, { ...tcp, target: { kind: 'tcp', port: 8081 }, periodSeconds: 1 });
    await listen(8080);
    ask('one of two');
    await time.advanceAsync(1100);
    await listen(8081);
    ask('both');
    await time.advanceAsync(1100);
    expect(results.map((result) => result.replace(/ at .*/, ''))).toEqual(['one of two false', 'both true']);
  });
});
