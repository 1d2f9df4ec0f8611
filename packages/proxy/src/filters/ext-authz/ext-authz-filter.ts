/**
 * `envoy.filters.http.ext_authz` with an HTTP service: asks it about each request, with the request's own method, path
 * and chosen headers. 200 lets it pass, 5xx is a failure of the service, anything else goes to the client.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/ext_authz_filter
 */
import type { Counter, Logger, Random } from '@sluice/kernel';
import type { Stream } from '../../stream.ts';
import { happens } from '../chance.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type FilterFactory, type HttpFilter, type StreamSlot } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { AuthorizationService, type CheckAnswer } from './authorization-service.ts';
import { decodeExtAuthz, decodeExtAuthzPerRoute, type ExtAuthzConfig, type ExtAuthzPerRoute } from './ext-authz-config.ts';
import { addLines, HeaderExchange } from './header-exchange.ts';

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

class ExtAuthzFilter implements HttpFilter {
  readonly name: string;
  readonly #config: ExtAuthzConfig;
  readonly #service: AuthorizationService;
  readonly #headers: HeaderExchange;
  readonly #random: Random;
  readonly #logger: Logger;
  /** What the service has for the client, of streams where it has something. */
  readonly #lines: StreamSlot<readonly (readonly [string, string])[]>;
  readonly #counters: { readonly ok: Counter; readonly denied: Counter; readonly error: Counter; readonly failureAllowed: Counter; readonly disabled: Counter };

  constructor(config: ExtAuthzConfig, context: FilterContext) {
    const labels = { envoy_http_conn_manager_prefix: context.statPrefix };
    const scope = config.statPrefix === '' ? '' : `${config.statPrefix.replaceAll(/\W/g, '_')}_`;
    const counter = (name: string, help: string): Counter => context.meter.counter(`envoy_http_ext_authz_${scope}${name}`, help, labels);
    this.name = context.filterName;
    this.#config = config;
    this.#service = new AuthorizationService(config.service.origin, config.service.timeoutMs, context.timers);
    this.#headers = new HeaderExchange(config, context);
    this.#random = context.random;
    this.#logger = context.logger;
    this.#lines = context.slot();
    this.#counters = {
      ok: counter('ok', 'requests that the service let pass'),
      denied: counter('denied', 'requests that the service denied'),
      error: counter('error', 'checks that failed'),
      failureAllowed: counter('failure_mode_allowed', 'requests that passed because the check failed'),
      disabled: counter('disabled', 'requests that were not checked'),
    };
  }

  onRequest(stream: Stream): FilterVerdict {
    if (routeConfigOf<ExtAuthzPerRoute>(stream, this.name)?.disabled || !happens(this.#config.enabledRatio, this.#random)) {
      this.#counters.disabled.add();
      return 'continue';
    }
    void this.#check(stream);
    return 'wait';
  }

  onResponse(stream: Stream): void {
    const lines = this.#lines.get(stream);
    if (lines && stream.response) addLines(stream.response, lines);
  }

  close(): void {
    this.#service.close();
  }

  /** The stream may end while the service thinks; then its answer is of no interest. */
  async #check(stream: Stream): Promise<void> {
    try {
      const answer = await this.#service.check(this.#headers.questionFor(stream.request));
      if (stream.isActive) this.#conclude(stream, answer);
    } catch (error) {
      this.#logger.debug('check failed', { filter: this.name, error });
      if (stream.isActive) this.#fail(stream);
    }
  }

  #conclude(stream: Stream, answer: CheckAnswer): void {
    if (answer.status === 200) {
      this.#counters.ok.add();
      this.#headers.tellUpstream(stream.request, answer);
      const lines = this.#headers.linesOnSuccess(answer);
      if (lines.length > 0) this.#lines.set(stream, lines);
      return stream.continueRequest();
    }
    if (answer.status >= 500) return this.#fail(stream);
    this.#counters.denied.add();
    this.#lines.set(stream, this.#headers.linesForClient(answer));
    stream.reply({ status: answer.status, body: answer.body, details: 'ext_authz_denied', flag: 'UAEX' });
  }

  #fail(stream: Stream): void {
    this.#counters.error.add();
    const { allowsOnFailure, marksFailure, statusOnError } = this.#config;
    if (!allowsOnFailure) return stream.reply({ status: statusOnError, details: 'ext_authz_error', flag: 'UAEX' });
    this.#counters.failureAllowed.add();
    if (marksFailure) stream.request.set('x-envoy-auth-failure-mode-allowed', 'true');
    stream.continueRequest();
  }
}
