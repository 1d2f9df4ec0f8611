/**
 * Asks an HTTP service, with the request's own method, path and chosen headers. 200 lets the request pass, 5xx is a
 * failure of the service, anything else is for the client.
 */
import { RequestHead, type HeaderBlock } from '@sluice/http';
import type { Struct } from '@sluice/resources';
import type { StringTest } from '../../router/string-test.ts';
import type { AsyncCall, AsyncClient, AsyncResult } from '../../upstream/async-client.ts';
import type { FilterContext } from '../filter.ts';
import type { CheckVerdict, HeaderChange } from './check-verdict.ts';
import { partialBodyHeader, type Checker, type CheckSubject } from './checker.ts';
import type { ExtAuthzConfig } from './ext-authz-config.ts';
import { compileHeaderPatterns } from './header-patterns.ts';
import type { HttpServiceConfig } from './http-service-config.ts';

type Line = readonly [name: string, value: string];

/** They belong to one connection or to one body. */
const neverPassed = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive', 'upgrade', 'expect', 'te', 'trailer', 'date', 'server']);

/** Clients need them to make sense of a refusal, whatever is allowed. */
const alwaysForClients = new Set(['www-authenticate', 'location', 'content-type']);

/** Names, joined by commas, that the service wants to keep from the upstream. */
const toRemoveHeader = 'x-envoy-auth-headers-to-remove';

export class HttpChecker implements Checker {
  readonly #service: HttpServiceConfig;
  readonly #upstreams: AsyncClient;
  readonly #allowed: StringTest;
  readonly #disallowed: StringTest;
  readonly #toUpstream: StringTest;
  readonly #toUpstreamAppended: StringTest;
  readonly #toClient: StringTest;
  readonly #toClientOnSuccess: StringTest;
  readonly #toMetadata: StringTest;

  constructor(config: ExtAuthzConfig, service: HttpServiceConfig, { patterns, upstreams }: FilterContext) {
    const answer = 'http_service.authorization_response';
    this.#service = service;
    this.#upstreams = upstreams;
    this.#allowed = compileHeaderPatterns(config.allowedHeaders ?? [], 'allowed_headers', patterns);
    this.#disallowed = compileHeaderPatterns(config.disallowedHeaders, 'disallowed_headers', patterns);
    this.#toUpstream = compileHeaderPatterns(service.upstreamHeaders, `${answer}.allowed_upstream_headers`, patterns);
    this.#toUpstreamAppended = compileHeaderPatterns(service.upstreamHeadersToAppend, `${answer}.allowed_upstream_headers_to_append`, patterns);
    this.#toClient = service.clientHeaders ? compileHeaderPatterns(service.clientHeaders, `${answer}.allowed_client_headers`, patterns) : () => true;
    this.#toClientOnSuccess = compileHeaderPatterns(service.clientHeadersOnSuccess, `${answer}.allowed_client_headers_on_success`, patterns);
    this.#toMetadata = compileHeaderPatterns(service.metadataHeaders, `${answer}.dynamic_metadata_from_headers`, patterns);
  }

  check({ stream, body, isPartial }: CheckSubject, onVerdict: (verdict: CheckVerdict) => void): AsyncCall {
    const { clusterName, timeoutMs } = this.#service;
    const head = this.#questionFor(stream.request);
    if (body) head.set(partialBodyHeader, String(isPartial));
    return this.#upstreams.send({ clusterName, head, timeoutMs, ...(body ? { body } : {}) }, (result) => onVerdict(this.#verdictOf(result)));
  }

  /** Method, host, path and `authorization` always go to the service. */
  #questionFor(request: RequestHead): RequestHead {
    const { pathPrefix, headersToAdd } = this.#service;
    const head = RequestHead.of(request.method, request.authority, `${pathPrefix}${request.path}`, { 'content-length': '0' });
    request.forEach((name, value) => {
      if (neverPassed.has(name) || this.#disallowed(name)) return;
      if (name === 'authorization' || this.#allowed(name)) head.add(name, value);
    });
    for (const { name, value } of headersToAdd) head.set(name, value);
    return head;
  }

  #verdictOf(result: AsyncResult): CheckVerdict {
    if (result.kind === 'failed') return result;
    const { head, body } = result;
    if (head.status >= 500) return { kind: 'failed', reason: `status ${head.status}` };
    const lines = linesOf(head);
    const metadata = metadataOf(lines.filter(([name]) => this.#toMetadata(name)));
    if (head.status !== 200) {
      const shown = lines.filter(([name]) => alwaysForClients.has(name) || this.#toClient(name));
      return { kind: 'denied', status: head.status, headers: replacing(shown), body: body.toString('utf8'), metadata };
    }
    const removed = (head.get(toRemoveHeader) ?? '').split(',').map((name) => name.trim().toLowerCase());
    return {
      kind: 'allowed',
      changes: {
        removed: removed.filter((name) => name !== ''),
        upstream: [
          ...replacing(lines.filter(([name]) => this.#toUpstream(name))),
          ...appending(lines.filter(([name]) => !this.#toUpstream(name) && this.#toUpstreamAppended(name))),
        ],
        response: replacing(lines.filter(([name]) => this.#toClientOnSuccess(name))),
        queryToSet: [],
        queryToRemove: [],
        metadata,
      },
    };
  }
}

function linesOf(head: HeaderBlock): readonly Line[] {
  return head.entries().filter(([name]) => !neverPassed.has(name));
}

function metadataOf(lines: readonly Line[]): Struct | undefined {
  return lines.length === 0 ? undefined : Object.fromEntries(lines);
}

/** The first line of a name takes the place of what was there, further ones stand beside it; cookies always do. */
function replacing(lines: readonly Line[]): readonly HeaderChange[] {
  const seen = new Set(['set-cookie']);
  return lines.map(([name, value]) => {
    const how = seen.has(name) ? 'append' : 'set';
    seen.add(name);
    return { name, value, how };
  });
}

function appending(lines: readonly Line[]): readonly HeaderChange[] {
  return lines.map(([name, value]) => ({ name, value, how: 'append' }));
}
