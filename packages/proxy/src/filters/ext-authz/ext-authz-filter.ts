/**
 * `envoy.filters.http.ext_authz`: asks a service about each request. It lets the request pass, changed or not, or has
 * an answer for the client.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/ext_authz_filter
 */
import type { Counter, Logger, Random } from '@sluice/kernel';
import type { Stream } from '../../stream.ts';
import type { AsyncCall } from '../../upstream/async-client.ts';
import { happens } from '../chance.ts';
import { defineFilter, definePerRoute, routeConfigsOf, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { compileMetadataMatcher, type MetadataTest } from '../metadata-matcher.ts';
import { applyChanges, changeRequest, isBroken, type AllowedChanges, type CheckVerdict, type HeaderChange } from './check-verdict.ts';
import type { Checker } from './checker.ts';
import { decodeExtAuthz, decodeExtAuthzPerRoute, type BodyConfig, type ExtAuthzConfig, type ExtAuthzPerRoute } from './ext-authz-config.ts';
import { GrpcChecker } from './grpc-checker.ts';
import { HttpChecker } from './http-checker.ts';

export const extAuthzFactory: FilterFactory = defineFilter<ExtAuthzConfig>({
  name: 'envoy.filters.http.ext_authz',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz',
  decode: decodeExtAuthz,
  create: (config, context) => new ExtAuthzFilter(config, context),
  perRoute: definePerRoute<ExtAuthzPerRoute>({
    typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute',
    decode: decodeExtAuthzPerRoute,
    create: (config) => config,
  }),
});

/** Namespace of what the service says. */
const metadataNamespace = 'envoy.filters.http.ext_authz';

const counterNames = ['ok', 'denied', 'error', 'failure_mode_allowed', 'disabled', 'invalid'] as const;

class ExtAuthzFilter implements HttpFilter {
  readonly name: string;
  readonly #config: ExtAuthzConfig;
  readonly #checker: Checker;
  readonly #isEnabledFor: MetadataTest | undefined;
  readonly #random: Random;
  readonly #logger: Logger;
  /** Checks under way. */
  readonly #calls: StreamSlot<AsyncCall>;
  /** What the service has for the client, of streams where it has something. */
  readonly #responseChanges: StreamSlot<readonly HeaderChange[]>;
  readonly #counters: Readonly<Record<(typeof counterNames)[number], Counter>>;

  constructor(config: ExtAuthzConfig, context: FilterContext) {
    const labels = { envoy_http_conn_manager_prefix: context.statPrefix };
    const scope = config.statPrefix === '' ? '' : `${config.statPrefix.replaceAll(/\W/g, '_')}_`;
    const counters = counterNames.map((name) => [name, context.meter.counter(`envoy_http_ext_authz_${scope}${name}`, 'requests, by what came of asking about them', labels)]);
    const { service, enabledMetadata } = config;
    this.name = context.filterName;
    this.#config = config;
    this.#checker = service.kind === 'http' ? new HttpChecker(config, service.http, context) : new GrpcChecker(config, service.grpc, context);
    this.#isEnabledFor = enabledMetadata && compileMetadataMatcher(enabledMetadata, 'filter_enabled_metadata', context.patterns);
    this.#random = context.random;
    this.#logger = context.logger;
    this.#calls = context.slot();
    this.#responseChanges = context.slot();
    this.#counters = Object.fromEntries(counters) as Record<(typeof counterNames)[number], Counter>;
  }

  onRequest(stream: Stream): FilterVerdict {
    const perRoute = routeConfigsOf<ExtAuthzPerRoute>(stream, this.name);
    if (perRoute[0]?.isDisabled || !this.#isEnabled(stream)) return this.#passUnchecked(stream, perRoute[0]?.isDisabled ?? false);
    const body = this.#bodyOf(perRoute);
    if (body && stream.hasRequestBody) {
      const verdict = stream.bufferRequest(body.bytesMax, body.allowsPartial ? 'beginning' : 'whole');
      if (verdict !== 'continue') return verdict;
    }
    return this.#check(stream);
  }

  onRequestBody(stream: Stream): FilterVerdict {
    return this.#check(stream);
  }

  onResponse(stream: Stream): void {
    const changes = this.#responseChanges.get(stream);
    if (changes && stream.response) applyChanges(stream.response, changes);
  }

  /** The stream may end while the service thinks; then its answer is of no interest. */
  onEnd(stream: Stream): void {
    this.#calls.get(stream)?.cancel();
  }

  #isEnabled({ info }: Stream): boolean {
    return happens(this.#config.enabledRatio, this.#random) && (this.#isEnabledFor?.(info.dynamicMetadata) ?? true);
  }

  #passUnchecked(stream: Stream, isRoutesWish: boolean): FilterVerdict {
    this.#counters.disabled.add();
    if (isRoutesWish || !this.#config.deniesAtDisable) return 'continue';
    stream.reply({ status: this.#config.statusOnError, details: 'ext_authz_denied', flag: 'UAEX' });
    return 'replied';
  }

  /** The most specific level that says something about it. */
  #bodyOf(perRoute: readonly ExtAuthzPerRoute[]): BodyConfig | undefined {
    const ofRoute = perRoute.find(({ body }) => body !== undefined)?.body;
    return ofRoute === 'none' ? undefined : (ofRoute ?? this.#config.body);
  }

  #check(stream: Stream): FilterVerdict {
    const perRoute = routeConfigsOf<ExtAuthzPerRoute>(stream, this.name);
    const wanted = stream.hasRequestBody ? this.#bodyOf(perRoute) : undefined;
    const kept = stream.bufferedBody;
    const subject = {
      stream,
      body: wanted && kept.subarray(0, wanted.bytesMax),
      isPartial: wanted !== undefined && wanted.allowsPartial && kept.length >= wanted.bytesMax,
      contextExtensions: mergeExtensions(perRoute),
    };
    const call = this.#checker.check(subject, (verdict) => {
      if (stream.isActive) this.#conclude(stream, verdict);
    });
    if (stream.isActive) this.#calls.set(stream, call);
    return 'wait';
  }

  #conclude(stream: Stream, verdict: CheckVerdict): void {
    switch (verdict.kind) {
      case 'allowed':
        return this.#allow(stream, verdict.changes);
      case 'denied': {
        this.#counters.denied.add();
        if (verdict.metadata && this.#config.takesMetadata) stream.info.addMetadata(metadataNamespace, verdict.metadata);
        if (this.#hasInvalid(verdict.headers)) return this.#refuseInvalid(stream);
        this.#responseChanges.set(stream, verdict.headers);
        return stream.reply({ status: verdict.status, body: verdict.body, details: 'ext_authz_denied', flag: 'UAEX' });
      }
      case 'failed':
        this.#logger.debug('check failed', { filter: this.name, reason: verdict.reason });
        return this.#fail(stream);
    }
  }

  #allow(stream: Stream, changes: AllowedChanges): void {
    if (this.#hasInvalid(changes.upstream) || this.#hasInvalid(changes.response)) return this.#refuseInvalid(stream);
    this.#counters.ok.add();
    if (changes.metadata && this.#config.takesMetadata) stream.info.addMetadata(metadataNamespace, changes.metadata);
    if (changes.response.length > 0) this.#responseChanges.set(stream, changes.response);
    if (changeRequest(stream.request, changes) && this.#config.clearsRoute) stream.clearRouteCache();
    stream.continueRequest();
  }

  #hasInvalid(changes: readonly HeaderChange[]): boolean {
    return this.#config.validatesMutations && changes.some(isBroken);
  }

  #refuseInvalid(stream: Stream): void {
    this.#counters.invalid.add();
    stream.reply({ status: 500, details: 'ext_authz_invalid', flag: 'UAEX' });
  }

  #fail(stream: Stream): void {
    this.#counters.error.add();
    const { allowsOnFailure, marksFailure, statusOnError } = this.#config;
    if (!allowsOnFailure) return stream.reply({ status: statusOnError, details: 'ext_authz_error', flag: 'UAEX' });
    this.#counters.failure_mode_allowed.add();
    if (marksFailure) stream.request.set('x-envoy-auth-failure-mode-allowed', 'true');
    stream.continueRequest();
  }
}

const noExtensions: ReadonlyMap<string, string> = new Map();

/** Those of the more specific level win, name by name. */
function mergeExtensions(levels: readonly ExtAuthzPerRoute[]): ReadonlyMap<string, string> {
  const [only] = levels;
  if (levels.length < 2) return only?.contextExtensions ?? noExtensions;
  return new Map(levels.toReversed().flatMap(({ contextExtensions }) => [...contextExtensions]));
}
