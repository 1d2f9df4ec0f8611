/**
 * Request smuggling and its relatives, end to end: a client writes bytes, a back end with another parser writes down what
 * it understood, and both must have understood the same number of requests.
 */
import { Buffer } from 'node:buffer';
import { LlhttpOracle } from '../../fuzz/http1/llhttp-oracle.ts';
import { connectRaw, createTestConfig, startTestProxy, type ProxyFixture } from '@sluice/proxy/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startRecordingBackend, type RecordingBackend } from './recording-backend.ts';
import { connectionCases, expectCases, framingCases, headCases, hostCases, type RequestCase } from './request-cases.ts';

let backend: RecordingBackend;
let proxy: ProxyFixture;

beforeAll(async () => {
  backend = await startRecordingBackend();
  proxy = await startTestProxy(createTestConfig({ upstreams: [backend.address] }));
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

afterEach(() => backend.reset());

interface Answer {
  readonly status: number;
  /** Whose answer it is, by the back end's word; empty for ones of the proxy's own. */
  readonly target: string;
}

/** The final answers in what a client has read. */
function answersIn(bytes: Buffer): readonly Answer[] {
  const oracle = new LlhttpOracle();
  const answers: Answer[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const opinion = oracle.ofResponse(rest, 'GET');
    const head = rest.toString('latin1', 0, Math.max(0, rest.indexOf('\r\n\r\n')));
    const status = Number(head.slice(9, 12));
    if (!opinion.headDone) break;
    if (status >= 200) answers.push({ status, target: /^x-target: (.*)$/im.exec(head)?.[1] ?? '' });
    if (opinion.end !== 'complete') break;
    rest = Buffer.from(opinion.rest, 'latin1');
  }
  return answers;
}

async function run({ bytes, forwarded, ends = forwarded.length === 0, isCutOff = false }: RequestCase) {
  const client = await connectRaw(proxy.address);
  const received: Buffer[] = [];
  client.socket.on('data', (more: Buffer) => received.push(more));
  const answers = () => answersIn(Buffer.concat(received));
  client.write(bytes);
  if (isCutOff) client.end();
  if (ends) {
    await client.readToEnd();
    client.end();
    return { answers: answers(), isOpen: false };
  }
  await expect.poll(() => answers().length, { timeout: 10_000, interval: 2 }).toBeGreaterThanOrEqual(forwarded.length);
  // If the two sides disagree about where the last message ended, the answer to this is another's.
  client.write('GET /follows HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await client.readToEnd();
  client.end();
  return { answers: answers(), isOpen: true };
}

const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+: [^\r\n\0]*$/i;

function expectCleanHead(lines: readonly string[]): void {
  const names = lines.map((line) => line.slice(0, line.indexOf(':')).toLowerCase());
  expect(lines.filter((line) => !token.test(line))).toEqual([]);
  expect(names.filter((name) => name === 'host')).toHaveLength(1);
  expect(names.filter((name) => name === 'content-length' || name === 'transfer-encoding').length).toBeLessThanOrEqual(1);
  expect(names.filter((name) => ['connection', 'keep-alive', 'x-hop', 'proxy-connection', 'trailer'].includes(name))).toEqual([]);
}

async function check(item: RequestCase): Promise<void> {
  const { answers, isOpen } = await run(item);
  const expected = isOpen ? [...item.forwarded, '/follows'] : item.forwarded;
  expect(backend.garbage).toEqual([]);
  expect(backend.seen.map(({ target }) => target)).toEqual(expected);
  expect(answers.filter(({ status }) => status === 200).map(({ target }) => target)).toEqual(expected);
  for (const { lines } of backend.seen) expectCleanHead(lines);
  if (item.bodies) expect(backend.seen.slice(0, item.bodies.length).map(({ body }) => body)).toEqual(item.bodies);
  if (item.forwarded.length === 0 && item.isCutOff !== true) {
    expect(answers).toHaveLength(1);
    expect([400, 403, 404, 405, 408, 413, 414, 417, 426, 431, 501, 505]).toContain(answers[0]?.status);
  }
  expect(backend.seen.flatMap(({ lines }) => lines).filter((line) => /^x-admin/i.test(line))).toEqual([]);
}

describe('framing', () => {
  test.each(framingCases)('$name', check);
});

describe('heads', () => {
  test.each(headCases)('$name', check);
});

describe('targets and hosts', () => {
  test.each(hostCases)('$name', check);
});

describe('hop by hop', () => {
  test.each(connectionCases)('$name', check);
});

describe('expectations', () => {
  test.each(expectCases)('$name', check);
});
