/**
 * Ours against llhttp in its strict mode: requests and responses, whole and cut anywhere, and what follows them on the
 * same connection.
 */
import { Buffer } from 'node:buffer';
import { randomInt, type Random } from '@sluice/kernel';
import { readRequest, readResponse } from '@sluice/http/testing';
import type { FuzzInput, FuzzRun, FuzzTarget } from '../fuzz-target.ts';
import { readCorpus } from '../read-corpus.ts';
import { compareCut, compareRequest, compareResponse } from './differential.ts';
import { LlhttpOracle } from './llhttp-oracle.ts';
import { mutate } from './mutate.ts';

export const http1Target: FuzzTarget = {
  name: 'http1',
  help: 'requests, responses and chunks against llhttp in strict mode',
  start: () => Promise.resolve(createHttp1Run()),
};

/** How many messages of one connection are looked at. */
const messagesMax = 4;

export function createHttp1Run(): FuzzRun {
  const oracle = new LlhttpOracle();
  const requests = readCorpus('http1/request').map(({ bytes }) => bytes.toString('latin1'));
  const responses = readCorpus('http1/response').map(({ bytes }) => bytes.toString('latin1'));

  /** Of a message, and of those after it. */
  function judge({ kind, bytes }: FuzzInput, cuts: readonly number[] = []): string | undefined {
    if (kind !== 'request') return compareResponse(bytes, methodOf(kind), oracle) ?? compareCut(bytes, cuts, methodOf(kind));
    let rest = bytes;
    for (let count = 0; count < messagesMax && rest.length > 0; count += 1) {
      const finding = compareRequest(rest, oracle) ?? compareCut(rest, cuts);
      if (finding !== undefined) return finding;
      const read = readRequest(rest);
      if (read.end !== 'complete') return undefined;
      rest = Buffer.from(read.rest, 'latin1');
    }
    return undefined;
  }

  return {
    judge: (input) => judge(input, [...input.bytes.keys()].fill(1)),
    next(random) {
      const draw = randomInt(random, 8);
      const kind = draw < 5 ? 'request' : draw < 7 ? 'response to GET' : 'response to HEAD';
      const bytes = mutate(kind === 'request' ? requests : responses, random);
      const read = kind === 'request' ? readRequest(bytes) : readResponse(bytes, methodOf(kind));
      return { kind, bytes, finding: judge({ kind, bytes }, drawCuts(random, bytes.length)), isAccepted: read.end === 'complete' };
    },
  };
}

function methodOf(kind: string): string {
  return kind.slice('response to '.length);
}

/** Sizes of pieces: often byte by byte, else anything. */
function drawCuts(random: Random, length: number): readonly number[] {
  const cuts: number[] = [];
  const sizeMax = randomInt(random, 3) === 0 ? 1 : 1 + randomInt(random, length + 1);
  for (let at = 0; at < length; at += cuts.at(-1) ?? 1) cuts.push(1 + randomInt(random, sizeMax));
  return cuts;
}
