/** Ours against llhttp on one message: what would be dangerous, in words, or undefined. */
import type { Buffer } from 'node:buffer';
import type { ResponseHead } from '@sluice/http';
import { readRequest, readResponse, type ReadMessage } from '@sluice/http/testing';
import type { LlhttpOracle, Opinion } from './llhttp-oracle.ts';

/**
 * Where we accept and llhttp does not, by its reasons. Each is allowed by RFC 9110 or 9112 and frames nothing.
 */
const allowedReasons: readonly RegExp[] = [
  // It has a list of methods; any token is one (RFC 9110 9.1).
  /^(Invalid method encountered|Expected space after method)/,
  // Methods of other protocols that share its parser.
  /^Expected (SOURCE|RTSP|HTTP\/)/,
];

export function compareRequest(bytes: Buffer, oracle: LlhttpOracle): string | undefined {
  return compare(readRequest(bytes), oracle.ofRequest(bytes));
}

export function compareResponse(bytes: Buffer, requestMethod: string, oracle: LlhttpOracle): string | undefined {
  const ours = readResponse(bytes, requestMethod);
  // No interim response has a body, whatever its fields say (RFC 9112 6.3); llhttp knows that only of some.
  if ((ours.head as ResponseHead).status < 200) return undefined;
  return compare(ours, oracle.ofResponse(bytes, requestMethod));
}

/**
 * Whether a message is the same in pieces as it is whole. One that is wrong may be refused later when it comes in pieces,
 * because some things are looked at when their line is there.
 */
export function compareCut(bytes: Buffer, cuts: readonly number[], requestMethod?: string): string | undefined {
  if (cuts.length === 0) return undefined;
  const read = (pieces: readonly number[]) => (requestMethod === undefined ? readRequest(bytes, pieces) : readResponse(bytes, requestMethod, pieces));
  const [whole, cut] = [read([]), read(cuts)];
  if ((whole.end === 'complete') !== (cut.end === 'complete')) return `whole it is ${whole.end} to us, in pieces ${cut.end}`;
  if (whole.end !== 'complete') return undefined;
  if (whole.body !== cut.body) return `the body is ${JSON.stringify(whole.body)} whole and ${JSON.stringify(cut.body)} in pieces`;
  return whole.rest === cut.rest ? undefined : `what follows is ${JSON.stringify(whole.rest)} whole and ${JSON.stringify(cut.rest)} in pieces`;
}

function compare(ours: ReadMessage, theirs: Opinion): string | undefined {
  // Refusing more than llhttp is our right, and what is not complete has not been passed on as complete.
  if (ours.end !== 'complete') return undefined;
  if (theirs.end === 'refused') {
    return allowedReasons.some((reason) => reason.test(theirs.reason)) ? undefined : `we accept, llhttp does not: ${theirs.reason}`;
  }
  if (theirs.end === 'more') return 'we take it as complete, llhttp waits for more';
  if (ours.body !== theirs.body) return `the body is ${JSON.stringify(ours.body)} to us and ${JSON.stringify(theirs.body)} to llhttp`;
  if (ours.rest !== theirs.rest) return `what follows is ${JSON.stringify(ours.rest)} to us and ${JSON.stringify(theirs.rest)} to llhttp`;
  return undefined;
}
