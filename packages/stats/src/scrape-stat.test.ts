/** Scraping against pods that are nothing but bytes, as a stock queue-proxy answers. */
import { Buffer } from 'node:buffer';
import type { Connection } from '@sluice/kernel';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, it } from 'vitest';
import { scrapeStat } from './scrape-stat.ts';
import { emptyStat } from './stat-message.ts';

const address = { host: '10.0.0.7', port: 9090 };
/** Pod `p` with 1.5 in flight and 3 requests per second. */
const stat = Buffer.from('0a017011000000000000f83f210000000000000840', 'hex');
const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/protobuf\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n';

/** Scrapes a pod that answers with `pieces`, one after the other, and then does as told. */
async function scrape(pieces: readonly (string | Buffer)[], then: 'close' | 'stay' = 'stay', headers?: Record<string, string>) {
  const time = new SimulatedTime();
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time, delayMs: [1, 1] }) });
  let request = '';
  let connection: Connection | undefined;
  await network.view('pod', address.host).listen(address, (accepted) => {
    connection = accepted;
    accepted.handler = {
      onData: (memory, length) => {
        request += memory.toString('latin1', 0, length);
        if (!request.endsWith('\r\n\r\n')) return;
        for (const piece of pieces) {
          const bytes = Buffer.from(piece);
          accepted.write(bytes, 0, bytes.length);
        }
        if (then === 'close') accepted.end();
      },
      onDrain() {},
      onEnd() {},
      onClose() {},
    };
  });
  let result: Awaited<ReturnType<typeof scrapeStat>> | undefined;
  const scraping = scrapeStat({ network: network.view('autoscaler', '10.0.0.1'), timers: time, address, ...(headers && { headers }) }).then((scraped) => (result = scraped));
  await time.advanceUntil(() => result !== undefined, 10_000);
  await scraping;
  return { result, request, tookMs: time.now(), connection };
}

describe('a stock queue-proxy', () => {
  it('is asked as Knative asks it', async () => {
    const { request } = await scrape([`${head}Content-Length: 21\r\n\r\n`, stat]);
    expect(request).toBe('GET /metrics HTTP/1.1\r\nhost: 10.0.0.7:9090\r\naccept: application/protobuf\r\nuser-agent: Knative-Autoscaler\r\nconnection: close\r\n\r\n');
  });

  it('is asked through a mesh by the name of its Service', async () => {
    const { request } = await scrape([`${head}Content-Length: 21\r\n\r\n`, stat], 'stay', { host: 'r-private.default', 'Knative-Direct-Lb': 'true' });
    expect(request).toContain('host: r-private.default\r\n');
    expect(request).toContain('Knative-Direct-Lb: true\r\n');
  });

  const expected = { ok: true, stat: { ...emptyStat('p'), averageConcurrentRequests: 1.5, requestCount: 3 } };

  it.each([
    ['with a length', [`${head}Content-Length: 21\r\n\r\n`, stat], 'stay'],
    ['in chunks', [`${head}Transfer-Encoding: chunked\r\n\r\n15\r\n`, stat, '\r\n0\r\n\r\n'], 'stay'],
    ['until it closes', [`${head}Connection: close\r\n\r\n`, stat], 'close'],
  ] as const)('answers %s', async (_, pieces, then) => {
    expect((await scrape(pieces, then)).result).toEqual(expected);
  });

  it('answers in its first second with a name and zeros, or with nothing at all', async () => {
    expect((await scrape([`${head}Content-Length: 3\r\n\r\n`, stat.subarray(0, 3)])).result).toEqual({ ok: true, stat: emptyStat('p') });
    expect((await scrape([`${head}Content-Length: 0\r\n\r\n`])).result).toEqual({ ok: true, stat: emptyStat('') });
  });
});

describe('what is no answer', () => {
  it.each([
    ['status 503', ['HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n'], 'stay', true],
    ['status 404', ['HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'], 'stay', false],
    ['content type text/plain instead of application/protobuf', ['HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok'], 'stay', false],
    ['no Stat', [`${head}Content-Length: 1\r\n\r\n`, Buffer.from('11', 'hex')], 'stay', false],
    ['closed before the answer was complete', [`${head}Content-Length: 21\r\n\r\n`, stat.subarray(0, 4)], 'close', false],
    ['no answer of HTTP: bad-version', ['SSH-2.0-OpenSSH\r\n'], 'stay', false],
    ['more than 65536 bytes', [`${head}Content-Length: 65537\r\n\r\n`, Buffer.alloc(65_537)], 'stay', false],
  ] as const)('is told: %s', async (reason, pieces, then, mayBeMesh) => {
    expect((await scrape(pieces, then)).result).toEqual({ ok: false, reason, mayBeMesh });
  });

  it('is waited for three seconds', async () => {
    const { result, tookMs } = await scrape([]);
    expect(result).toEqual({ ok: false, reason: 'no answer within 3 s', mayBeMesh: false });
    expect(tookMs).toBe(3000);
  });
});
