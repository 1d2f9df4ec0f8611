/** Requests that are about the server itself: version, health, discovery, OpenAPI. */
import type { Discovery, Document } from './discovery/discovery.ts';
import type { OpenApi } from './discovery/openapi.ts';
import type { ApiRequest, ApiResponse } from './exchange.ts';
import { acceptsAggregatedDiscovery } from './request/negotiation.ts';
import { json, jsonText, pageNotFound, plainText } from './respond.ts';
import { methodNotAllowed, unknownResource } from './status-error.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** The Kubernetes version whose behaviour is offered; clients compare it with their own. */
const VERSION = {
  major: '1',
  minor: '32',
  gitVersion: 'v1.32.0+sluice',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: 'any/any',
};

export interface Documents {
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
}

/** @throws StatusError */
export function handlePath(documents: Documents, request: ApiRequest, path: string, query: URLSearchParams): ApiResponse {
  if (request.method !== 'GET') throw methodNotAllowed();
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  switch (trimmed) {
    case '/':
      return json(200, { paths: ['/api', '/api/v1', '/apis', '/healthz', '/livez', '/openapi/v3', '/readyz', '/version'] });
    case '/version':
      return json(200, { ...VERSION });
    case '/healthz':
    case '/livez':
    case '/readyz':
      return plainText(200, query.has('verbose') ? `[+]ping ok\n${trimmed.slice(1)} check passed\n` : 'ok');
    case '/openapi/v3':
      return openApiIndex(documents.openApi, request);
  }
  if (trimmed.startsWith('/openapi/v3/')) return openApiDocument(documents.openApi, trimmed.slice('/openapi/v3/'.length), query);
  return discover(documents.discovery, request, trimmed);
}

function discover(discovery: Discovery, request: ApiRequest, path: string): ApiResponse {
  const accept = request.headers?.['accept'];
  if (path === '/api' || path === '/apis') {
    if (acceptsAggregatedDiscovery(accept)) {
      return cached(discovery.aggregated(path === '/api' ? 'api' : 'apis'), request, AGGREGATED);
    }
    return json(200, path === '/api' ? discovery.coreVersions() : discovery.groups());
  }
  const [root, first = '', second] = path.slice(1).split('/');
  if (root === 'api') {
    const list = discovery.resources('', first);
    return list ? json(200, list) : pageNotFound();
  }
  if (root !== 'apis') return pageNotFound();
  const group = discovery.group(first);
  if (!group) return pageNotFound();
  if (second === undefined) return json(200, group);
  const list = discovery.resources(first, second);
  if (!list) throw unknownResource();
  return json(200, list);
}

/** Told as plain text, and by the time of its last change, as a real server does. */
function openApiIndex(openApi: OpenApi, request: ApiRequest): ApiResponse {
  const { text, changedAt } = openApi.index();
  const headers = { 'cache-control': 'no-cache, private', 'last-modified': new Date(changedAt).toUTCString() };
  const since = Date.parse(request.headers?.['if-modified-since'] ?? '');
  // HTTP dates have whole seconds.
  if (!Number.isNaN(since) && Math.floor(changedAt / 1000) * 1000 <= since) return { status: 304, headers, body: { kind: 'text', text: '' } };
  return { status: 200, headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' }, body: { kind: 'text', text } };
}

function openApiDocument(openApi: OpenApi, root: string, query: URLSearchParams): ApiResponse {
  const document = openApi.document(root);
  if (!document) return pageNotFound();
  const hash = document.etag.replaceAll('"', '');
  const stated = query.get('hash');
  if (stated !== null && stated !== hash) {
    const location = `/openapi/v3/${root}?hash=${hash}`;
    return jsonText(301, '', { location, etag: document.etag, vary: 'Accept' });
  }
  const caching = stated === null ? 'no-cache, private' : 'public, immutable';
  return jsonText(200, document.text, { etag: document.etag, vary: 'Accept', 'cache-control': caching });
}

function cached(document: Document, request: ApiRequest, contentType: string): ApiResponse {
  const headers = { etag: document.etag, vary: 'Accept', 'cache-control': 'public' };
  if (request.headers?.['if-none-match'] === document.etag) {
    return { status: 304, headers, body: { kind: 'text', text: '' } };
  }
  return jsonText(200, document.text, { ...headers, 'content-type': contentType });
}
