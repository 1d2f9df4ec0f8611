/**
 * `envoy.filters.http.cors`: answers preflights and marks responses for pages of other origins. Does nothing for
 * routes without a policy.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/cors_filter
 */
import type { RequestHead } from '@sluice/http';
import type { Counter, Random } from '@sluice/kernel';
import { corsFieldName } from '@sluice/resources';
import type { Stream } from '../../stream.ts';
import { happens } from '../chance.ts';
import { decodeEmptyConfig, type EmptyConfig } from '../empty-config.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { compileCorsPolicy, corsPolicyTypeUrl, decodeCorsPolicy, type CorsPolicy, type CorsPolicyConfig } from './cors-policy.ts';

export const corsFactory: FilterFactory = defineFilter<EmptyConfig>({
  name: 'envoy.filters.http.cors',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors',
  decode: decodeEmptyConfig,
  create: (_config, context) => new CorsFilter(context),
  perRoute: definePerRoute<CorsPolicyConfig>({ typeUrl: corsPolicyTypeUrl, decode: decodeCorsPolicy, create: compileCorsPolicy }),
});

const details = 'cors_response';

class CorsFilter implements HttpFilter {
  readonly name: string;
  readonly #random: Random;
  readonly #valid: Counter;
  readonly #invalid: Counter;
  /** The policy that marks the response. */
  readonly #policies: StreamSlot<CorsPolicy>;

  constructor({ filterName, statPrefix, random, meter, slot }: FilterContext) {
    const labels = { envoy_http_conn_manager_prefix: statPrefix };
    this.name = filterName;
    this.#random = random;
    this.#policies = slot();
    this.#valid = meter.counter('envoy_http_cors_origin_valid', 'requests from origins that are allowed', labels);
    this.#invalid = meter.counter('envoy_http_cors_origin_invalid', 'requests from origins that are not allowed', labels);
  }

  onRequest(stream: Stream): FilterVerdict {
    const policy = routeConfigOf<CorsPolicy>(stream, this.name) ?? routeConfigOf<CorsPolicy>(stream, corsFieldName);
    if (!policy) return 'continue';
    const { request } = stream;
    const origin = request.get('origin');
    if (origin === undefined || origin === '') return 'continue';
    const acts = happens(policy.enabledRatio, this.#random);
    if (!acts && !happens(policy.shadowRatio, this.#random)) return 'continue';
    const isAllowed = policy.allowsOrigin(origin);
    (isAllowed ? this.#valid : this.#invalid).add();
    if (!acts) return 'continue';
    if (!isAllowed && (policy.forwardsForeignPreflights || !isPreflight(request))) return 'continue';
    if (isAllowed) {
      this.#policies.set(stream, policy);
      if (!isPreflight(request)) return 'continue';
    }
    stream.reply({ status: 200, headers: isAllowed ? preflightHeaders(policy, request) : {}, details });
    return 'replied';
  }

  /** Also of local replies, so that a page learns why it was refused. */
  onResponse(stream: Stream): void {
    const policy = this.#policies.get(stream);
    const { request, response } = stream;
    if (!policy || !response) return;
    response.set('access-control-allow-origin', request.get('origin') ?? '');
    if (policy.allowCredentials) response.set('access-control-allow-credentials', 'true');
    if (policy.exposeHeaders !== '' && !isPreflight(request)) response.set('access-control-expose-headers', policy.exposeHeaders);
  }
}

function isPreflight(request: RequestHead): boolean {
  return request.method === 'OPTIONS' && (request.get('access-control-request-method') ?? '') !== '';
}

function preflightHeaders(policy: CorsPolicy, request: RequestHead): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  if (policy.allowMethods !== '') headers['access-control-allow-methods'] = policy.allowMethods;
  if (policy.allowHeaders !== '') headers['access-control-allow-headers'] = policy.allowHeaders;
  if (policy.maxAge !== '') headers['access-control-max-age'] = policy.maxAge;
  if (policy.allowPrivateNetwork && request.get('access-control-request-private-network') === 'true') {
    headers['access-control-allow-private-network'] = 'true';
  }
  return headers;
}
