/** The few shapes that answers have. */
import { stringify } from 'yaml';
import type { ApiResponse, TextStream } from './exchange.ts';
import { sortKeys, type JsonObject } from './json.ts';
import type { StatusError } from './status-error.ts';

const JSON_HEADERS = { 'content-type': 'application/json', 'cache-control': 'no-cache, private' };
const TEXT_HEADERS = {
  'content-type': 'text/plain; charset=utf-8',
  'cache-control': 'no-cache, private',
  'x-content-type-options': 'nosniff',
};

/** JSON that is text already. */
export function jsonText(status: number, text: string, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: { kind: 'text', text } };
}

export function json(status: number, value: JsonObject, headers: Readonly<Record<string, string>> = {}): ApiResponse {
  return jsonText(status, JSON.stringify(value), headers);
}

export function plainText(status: number, text: string): ApiResponse {
  return { status, headers: TEXT_HEADERS, body: { kind: 'text', text } };
}

/** There is an answer, and nothing in it. */
export function noContent(): ApiResponse {
  return { status: 204, headers: { 'cache-control': 'no-cache, private' }, body: { kind: 'text', text: '' } };
}

/** The same answer in YAML, keys sorted as a real server sorts them. */
export function asYaml(response: ApiResponse): ApiResponse {
  if (response.body.kind !== 'text' || response.headers['content-type'] !== 'application/json') return response;
  const text = stringify(sortKeys(JSON.parse(response.body.text) as JsonObject), { lineWidth: 0, indentSeq: false });
  return { ...response, headers: { ...response.headers, 'content-type': 'application/yaml' }, body: { kind: 'text', text } };
}

/** Neither a known path nor a known group. */
export function pageNotFound(): ApiResponse {
  return plainText(404, '404 page not found\n');
}

export function stream(contentType: string, from: TextStream): ApiResponse {
  return {
    status: 200,
    headers: { 'content-type': contentType, 'cache-control': 'no-cache, private' },
    body: { kind: 'stream', stream: from },
  };
}

export function failure(error: StatusError): ApiResponse {
  return json(error.code, error.status(), error.headers);
}

/** `Warning` headers (RFC 7234 section 5.5), several in one line. */
export function warningHeaders(warnings: readonly string[]): Record<string, string> {
  if (warnings.length === 0) return {};
  return { warning: warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(', ') };
}
