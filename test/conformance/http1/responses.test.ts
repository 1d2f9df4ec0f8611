/** Answers of upstreams are looked at with the same suspicion as requests: over real sockets, and always with a next request. */
import { connectRaw, createTestConfig, startRawUpstream, startTestProxy } from '@sluice/proxy/testing';
import { describe, expect, test } from 'vitest';
import { extraCases, framingCases, headCases, type ResponseCase } from './response-cases.ts';

const nextAnswer = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext';

/** The first request gets the bytes of the case; every later one, on whatever connection, an honest answer. */
async function check({ bytes, status, body, isCut = false, closes = true, method = 'GET' }: ResponseCase): Promise<void> {
  let asked = 0;
  await using upstream = await startRawUpstream(async (peer) => {
    for (;;) {
      await peer.readHead();
      asked += 1;
      peer.write(asked === 1 ? bytes : nextAnswer);
      if (asked === 1 && closes) return peer.end();
    }
  });
  await using proxy = await startTestProxy(createTestConfig({ upstreams: [upstream.address] }));
  const client = await connectRaw(proxy.address);
  // Not repeatable: what has to be seen is the first answer.
  const send = method === 'GET' ? 'POST' : method;
  client.write(`${send} /first HTTP/1.1\r\nHost: a\r\n\r\n`);
  let head = await client.readHead();
  while (/^HTTP\/1.1 1/.test(head)) head = await client.readHead();
  expect(Number(head.slice(9, 12))).toBe(status);
  if (isCut) {
    const rest = (await client.readToEnd()).toString('latin1');
    expect(rest).not.toMatch(/0\r\n\r\n$/);
    if (!/transfer-encoding/i.test(head)) expect(rest.length).toBeLessThan(10);
  } else if (body !== undefined) {
    const framed = /content-length/i.test(head) ? (await client.readBytes(body.length)).toString() : (await client.readUntil('0\r\n\r\n')).replace(/^\d+\r\n|\r\n0\r\n\r\n$/g, '');
    expect(framed).toBe(body);
  }
  client.end();
  // The next request, on a connection of its own, may meet the same upstream connection.
  const second = await connectRaw(proxy.address);
  second.write('GET /second HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  const answer = (await second.readToEnd()).toString('latin1');
  second.end();
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\nnext$/);
  expect(answer).not.toContain('poisoned');
  await expect.poll(() => proxy.proxy.activeStreams).toBe(0);
}

describe('framing', () => {
  test.each(framingCases)('$name', check);
});

describe('heads', () => {
  test.each(headCases)('$name', check);
});

describe('what comes beside the answer', () => {
  test.each(extraCases)('$name', check);
});
