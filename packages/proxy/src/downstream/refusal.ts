/** What a client is told about a request that the connection manager has not let in. */
import type { RequestHead } from '@sluice/http';
import { outcomes, type OutcomeCode } from '../outcome.ts';
import type { ConnectionManagerConfig } from '../proxy-config.ts';
import type { LocalReply } from '../stream.ts';
import { replyOf } from './local-reply.ts';
import type { RequestConditions } from './request-conditions.ts';

/** What this hop would do with a request that went no further. */
const allow = { allow: 'GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS' };

export function replyToRefusal(code: OutcomeCode, request: RequestHead, conditions: RequestConditions): LocalReply {
  const reply = replyOf(outcomes[code]);
  switch (code) {
    case 'path-redirected':
      // Clients of gRPC do not follow redirects.
      return isGrpc(request) ? { ...reply, status: 400 } : { ...reply, headers: { location: request.path } };
    case 'client-not-identified':
      return { ...reply, status: conditions.rejectStatus };
    case 'options-answered':
    case 'trace-refused':
      return { ...reply, headers: allow };
    default:
      return reply;
  }
}

function isGrpc(request: RequestHead): boolean {
  return request.get('content-type')?.startsWith('application/grpc') === true;
}

/** A request that is wrong but ends where everybody thinks it ends need not take its connection along. */
export function keepsConnection(code: OutcomeCode, { framing }: RequestHead, { keepsAfterBadRequests }: ConnectionManagerConfig): boolean {
  return keepsAfterBadRequests === true && framing === 'none' && forgivable.has(code);
}

const forgivable: ReadonlySet<OutcomeCode> = new Set<OutcomeCode>(['underscore-refused', 'unknown-method', 'expectation-failed', 'version-refused', 'https-over-plaintext']);
