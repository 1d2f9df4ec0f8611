/** Mutated messages, the same ones on each run: we never accept what llhttp refuses, and never frame a body differently. */
import { createSeededRandom } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { readCorpus } from '../read-corpus.ts';
import { createHttp1Run } from './http1-target.ts';
import { LlhttpOracle } from './llhttp-oracle.ts';

const messages = 60_000;

test('the second opinion works: it reads good messages, and refuses two framings', () => {
  const oracle = new LlhttpOracle();
  const bytesOf = (folder: string, wanted: string) => {
    const entry = readCorpus(`http1/${folder}`).find(({ name }) => name === wanted);
    if (!entry) throw new Error(`no ${wanted} in the corpus`);
    return entry.bytes;
  };
  expect(oracle.ofRequest(bytesOf('request', 'chunked-then-next'))).toMatchObject({ end: 'complete', body: 'hello', rest: 'GET / HTTP/1.1\r\n' });
  expect(oracle.ofResponse(bytesOf('response', 'length-then-next'), 'GET')).toMatchObject({ end: 'complete', body: 'hello' });
  expect(oracle.ofRequest(bytesOf('request', 'cl-te')).end).toBe('refused');
});

test('the corpus itself, whole and byte by byte', () => {
  const { judge } = createHttp1Run();
  const entries = [
    ...readCorpus('http1/request').map(({ name, bytes }) => ({ name, kind: 'request', bytes })),
    ...readCorpus('http1/response').map(({ name, bytes }) => ({ name, kind: 'response to GET', bytes })),
  ];
  expect(entries.map(({ name, ...input }) => ({ name, finding: judge(input) })).filter(({ finding }) => finding !== undefined)).toEqual([]);
});

test('what is made of it by chance', () => {
  const { next } = createHttp1Run();
  const random = createSeededRandom(9112);
  const findings: string[] = [];
  let accepted = 0;
  for (let count = 0; count < messages; count += 1) {
    const { kind, bytes, finding, isAccepted } = next(random);
    if (isAccepted) accepted += 1;
    if (finding !== undefined) findings.push(`${kind}: ${finding}: ${JSON.stringify(bytes.toString('latin1'))}`);
  }
  expect(findings).toEqual([]);
  // A fuzzer whose messages are all refused would find nothing either.
  expect(accepted).toBeGreaterThan(messages / 20);
});
