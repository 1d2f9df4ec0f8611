/** Mutated conversations, the same ones on each run. */
import { createSeededRandom } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { createHttp2Run } from './http2-target.ts';

const conversations = 1500;

test('conversations of HTTP/2 do no harm, and read the same however they are cut', () => {
  const run = createHttp2Run();
  const random = createSeededRandom(9113);
  const findings: string[] = [];
  let accepted = 0;
  for (let count = 0; count < conversations; count += 1) {
    const { finding, isAccepted, bytes } = run.next(random);
    if (finding !== undefined) findings.push(`${finding}: ${bytes.toString('hex')}`);
    if (isAccepted) accepted += 1;
  }
  expect(findings.slice(0, 3)).toEqual([]);
  expect(accepted).toBeGreaterThan(conversations / 2);
});
