/** Answers as an API server gives them. */
import type { ApiResponse } from '../transport.ts';
import { PushedBody } from './pushed-body.ts';

export function json(code: number, body: unknown): ApiResponse {
  const pushed = new PushedBody();
  pushed.push(JSON.stringify(body));
  pushed.end();
  return { status: code, headers: { 'content-type': 'application/json' }, body: pushed };
}

export function failure(code: number, reason: string, message: string, retryAfterSeconds?: number): ApiResponse {
  const answer = json(code, statusObject(code, reason, message));
  if (retryAfterSeconds === undefined) return answer;
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterSeconds) } };
}

export function notFound(plural: string, name: string | undefined): ApiResponse {
  return failure(404, 'NotFound', `${plural} "${name}" not found`);
}

export function statusObject(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}
