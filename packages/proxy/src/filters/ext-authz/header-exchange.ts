/** Which headers go where: from the request to the service, from its answer to the upstream and to the client. */
import { isFieldName, isFieldValue, type RequestHead, type ResponseHead } from '@sluice/http';
import type { FilterContext } from '../filter.ts';
import type { StringTest } from '../../router/string-test.ts';
import type { CheckAnswer, CheckRequest } from './authorization-service.ts';
import type { ExtAuthzConfig } from './ext-authz-config.ts';
import { compileHeaderPatterns } from './header-patterns.ts';

type Line = readonly [name: string, value: string];

/** They belong to one connection or to one body. */
const neverPassed = new Set(['connection', 'content-length', 'transfer-encoding', 'keep-alive', 'upgrade', 'expect', 'te', 'trailer', 'date', 'server']);

/** Clients need them to make sense of a refusal, whatever is allowed. */
const alwaysForClients = new Set(['www-authenticate', 'location', 'content-type']);

export class HeaderExchange {
  readonly #config: ExtAuthzConfig;
  readonly #allowed: StringTest;
  readonly #disallowed: StringTest;
  readonly #toUpstream: StringTest;
  readonly #toUpstreamAppended: StringTest;
  readonly #toClient: StringTest;
  readonly #toClientOnSuccess: StringTest;

  constructor(config: ExtAuthzConfig, { patterns }: FilterContext) {
    const { service } = config;
    const answer = 'http_service.authorization_response';
    this.#config = config;
    this.#allowed = compileHeaderPatterns(config.allowedHeaders, 'allowed_headers', patterns);
    this.#disallowed = compileHeaderPatterns(config.disallowedHeaders, 'disallowed_headers', patterns);
    this.#toUpstream = compileHeaderPatterns(service.upstreamHeaders, `${answer}.allowed_upstream_headers`, patterns);
    this.#toUpstreamAppended = compileHeaderPatterns(service.upstreamHeadersToAppend, `${answer}.allowed_upstream_headers_to_append`, patterns);
    this.#toClient = service.clientHeaders ? compileHeaderPatterns(service.clientHeaders, `${answer}.allowed_client_headers`, patterns) : () => true;
    this.#toClientOnSuccess = compileHeaderPatterns(service.clientHeadersOnSuccess, `${answer}.allowed_client_headers_on_success`, patterns);
  }

  /** Method, host, path and `authorization` always go to the service. */
  questionFor(request: RequestHead): CheckRequest {
    const { pathPrefix, headersToAdd } = this.#config.service;
    const headers: Record<string, string> = {};
    request.forEach((name, value) => {
      if (neverPassed.has(name) || name === 'host' || this.#disallowed(name)) return;
      if (name !== 'authorization' && !this.#allowed(name)) return;
      headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
    });
    for (const { name, value } of headersToAdd) headers[name] = value;
    return { method: request.method, path: `${pathPrefix}${request.path}`, headers: { ...headers, host: request.authority } };
  }

  tellUpstream(request: RequestHead, { headers }: CheckAnswer): void {
    const replaced = new Set<string>();
    for (const [name, value] of headers.filter(isPassable)) {
      if (this.#toUpstream(name)) {
        if (!replaced.has(name)) request.remove(name);
        replaced.add(name);
        request.add(name, value);
      } else if (this.#toUpstreamAppended(name)) {
        request.add(name, value);
      }
    }
  }

  /** Of an answer that denies. */
  linesForClient({ headers }: CheckAnswer): readonly Line[] {
    return headers.filter((line) => isPassable(line) && (alwaysForClients.has(line[0]) || this.#toClient(line[0])));
  }

  linesOnSuccess({ headers }: CheckAnswer): readonly Line[] {
    return headers.filter((line) => isPassable(line) && this.#toClientOnSuccess(line[0]));
  }
}

/** The first line of a name takes the place of what was there, so that an answer of ours does not contradict it. */
export function addLines(head: ResponseHead, lines: readonly Line[]): void {
  const seen = new Set<string>();
  for (const [name, value] of lines) {
    if (!seen.has(name) && name !== 'set-cookie') head.remove(name);
    seen.add(name);
    head.add(name, value);
  }
}

function isPassable([name, value]: Line): boolean {
  return !neverPassed.has(name) && name !== 'host' && isFieldName(name) && isFieldValue(value);
}
