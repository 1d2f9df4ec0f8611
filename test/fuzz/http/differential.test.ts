/** Mutated messages, the same ones on each run: we never accept what llhttp refuses, and never frame a body differently. */
import { Buffer } from 'node:buffer';
import { createSeededRandom } from '@sluice/kernel';
import { readRequest } from '@sluice/http/testing';
import { expect, test } from 'vitest';
import { compareRequest, compareResponse } from './differential.ts';
import { LlhttpOracle } from './llhttp-oracle.ts';
import { mutate, requestCorpus, responseCorpus } from './mutate.ts';

const messages = 40_000;

test('the second opinion works: it reads the corpus, and refuses two framings', () => {
  const oracle = new LlhttpOracle();
  expect(oracle.ofRequest(Buffer.from(requestCorpus[3] ?? ''))).toMatchObject({ end: 'complete', body: 'hello', rest: 'GET / HTTP/1.1\r\n' });
  expect(oracle.ofResponse(Buffer.from(responseCorpus[0] ?? ''), 'GET')).toMatchObject({ end: 'complete', body: 'hello' });
  expect(oracle.ofRequest(Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n')).end).toBe('refused');
});

test('requests', () => {
  const oracle = new LlhttpOracle();
  const random = createSeededRandom(9112);
  const findings: string[] = [];
  let accepted = 0;
  for (let count = 0; count < messages; count += 1) {
    const bytes = mutate(requestCorpus, random);
    if (readRequest(bytes).end === 'complete') accepted += 1;
    const finding = compareRequest(bytes, oracle);
    if (finding !== undefined) findings.push(`${finding}: ${JSON.stringify(bytes.toString('latin1'))}`);
  }
  expect(findings).toEqual([]);
  // A fuzzer whose messages are all refused would find nothing either.
  expect(accepted).toBeGreaterThan(messages / 20);
});

test('responses', () => {
  const oracle = new LlhttpOracle();
  const random = createSeededRandom(9110);
  const findings: string[] = [];
  for (let count = 0; count < messages; count += 1) {
    const bytes = mutate(responseCorpus, random);
    const method = count % 4 === 0 ? 'HEAD' : 'GET';
    const finding = compareResponse(bytes, method, oracle);
    if (finding !== undefined) findings.push(`${method} ${finding}: ${JSON.stringify(bytes.toString('latin1'))}`);
  }
  expect(findings).toEqual([]);
});
