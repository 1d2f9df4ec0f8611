/**
 * `envoy.filters.http.jwt_authn`: lets requests pass that bring good tokens (RFC 7519) where tokens are required.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/jwt_authn_filter
 */
import type { RequestHead } from '@sluice/http';
import type { Counter, Logger, Random } from '@sluice/kernel';
import { allOf, compileHeadTests, schemeOf, type HeadTest } from '../../router/head-test.ts';
import { compilePathMatch, endOfPath, type PathTest } from '../../router/path-test.ts';
import type { Stream } from '../../stream.ts';
import { happens } from '../chance.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type FilterFactory, type HttpFilter } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { decodeJwtAuthn, decodeJwtPerRoute, type JwtAuthnConfig, type JwtPerRoute, type JwtRule } from './jwt-authn-config.ts';
import { missing, type JwtFailure } from './jwt-failure.ts';
import { JwtJudge, judgeWithoutTokens, type JwtJudgement } from './jwt-judge.ts';
import { JwtProvider, jwtMetadataNamespace } from './jwt-provider.ts';
import type { JwtRequirement } from './jwt-requirement.ts';
import { createKeySource } from './key-source.ts';

export const jwtAuthnFactory: FilterFactory = defineFilter<JwtAuthnConfig>({
  name: 'envoy.filters.http.jwt_authn',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication',
  decode: decodeJwtAuthn,
  create: (config, context) => new JwtAuthnFilter(config, context),
  perRoute: definePerRoute<JwtPerRoute>({
    typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig',
    decode: decodeJwtPerRoute,
    create: (config) => config,
  }),
});

interface CompiledRule {
  readonly path: PathTest;
  readonly tests: HeadTest;
  readonly ratio: number;
  readonly requirement: JwtRequirement | undefined;
}

class JwtAuthnFilter implements HttpFilter {
  readonly name: string;
  readonly #config: JwtAuthnConfig;
  readonly #providers: readonly JwtProvider[];
  readonly #judge: JwtJudge;
  readonly #rules: readonly CompiledRule[];
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #counters: { readonly allowed: Counter; readonly denied: Counter; readonly bypassed: Counter };

  constructor(config: JwtAuthnConfig, context: FilterContext) {
    const { filterName, statPrefix, clock, random, logger, meter, patterns } = context;
    const labels = { envoy_http_conn_manager_prefix: statPrefix };
    const counter = (name: string, help: string): Counter => meter.counter(`envoy_http_jwt_authn_${name}`, help, labels);
    const fetches = { succeeded: counter('jwks_fetch_success', 'times that keys were fetched'), failed: counter('jwks_fetch_failed', 'times that keys could not be fetched') };
    this.name = filterName;
    this.#config = config;
    this.#providers = config.providers.map((provider) => new JwtProvider(provider, createKeySource(provider.keys, `providers.${provider.name}`, context, fetches), clock, patterns));
    this.#judge = new JwtJudge(new Map(this.#providers.map((provider) => [provider.config.name, provider])));
    this.#rules = config.rules.map(({ match, requirement }: JwtRule, index) => ({
      path: compilePathMatch(match, `rules[${index}].match`, patterns),
      tests: allOf(compileHeadTests(match, `rules[${index}].match`, patterns)),
      ratio: match.fraction?.ratio ?? 1,
      requirement,
    }));
    this.#random = random;
    this.#logger = logger;
    this.#counters = {
      allowed: counter('allowed', 'requests that passed'),
      denied: counter('denied', 'requests that were refused'),
      bypassed: counter('cors_preflight_bypassed', 'preflights that passed without being looked at'),
    };
  }

  onRequest(stream: Stream): FilterVerdict {
    const { request } = stream;
    if (this.#config.bypassesPreflights && isPreflight(request)) {
      this.#counters.bypassed.add();
      return 'continue';
    }
    for (let index = 0; index < this.#providers.length; index += 1) this.#providers[index]?.cleanRequest(request);
    const perRoute = routeConfigOf<JwtPerRoute>(stream, this.name);
    const requirement = perRoute ? this.#namedBy(perRoute) : this.#requirementOf(stream);
    if (requirement === 'unknown') return this.#refuse(stream, { message: `Wrong requirement_name: ${perRoute?.requirementName ?? ''}`, status: 403 });
    if (!requirement) {
      this.#counters.allowed.add();
      return 'continue';
    }
    if (!this.#hasToken(request)) return this.#conclude(stream, judgeWithoutTokens(requirement));
    void this.#judgeLater(stream, requirement);
    return 'wait';
  }

  #hasToken(request: RequestHead): boolean {
    return this.#providers.some((provider) => provider.tokensIn(request).length > 0);
  }

  /** The stream may end while keys are fetched; what was found out then is of no interest. */
  async #judgeLater(stream: Stream, requirement: JwtRequirement): Promise<void> {
    try {
      const judgement = await this.#judge.judge(requirement, stream.request);
      if (stream.isActive && this.#conclude(stream, judgement) === 'continue') stream.continueRequest();
    } catch (error) {
      this.#logger.error('token not judged', { filter: this.name, error });
      if (stream.isActive) stream.reset('internal-error');
    }
  }

  #conclude(stream: Stream, judgement: JwtJudgement): FilterVerdict {
    this.#noteFailure(stream, judgement);
    if (!judgement.isAccepted) return this.#refuse(stream, judgement.failure);
    this.#counters.allowed.add();
    let clearsRoute = false;
    for (const token of judgement.tokens) clearsRoute = (token.provider.describe(stream, token) && token.provider.config.clearsRoute) || clearsRoute;
    if (clearsRoute) stream.clearRouteCache();
    return 'continue';
  }

  /** Why a token was refused, for those behind, also where the request passes all the same. */
  #noteFailure({ info }: Stream, judgement: JwtJudgement): void {
    const failure = judgement.isAccepted ? judgement.forgiven : judgement.failure;
    if (!failure) return;
    for (const { config } of this.#providers) {
      if (config.metadata.failure !== '') info.addMetadata(jwtMetadataNamespace, { [config.metadata.failure]: { code: failure.status === 403 ? 7 : 16, message: failure.message } });
    }
  }

  #refuse(stream: Stream, failure: JwtFailure): FilterVerdict {
    const { request } = stream;
    const { message, status } = failure;
    this.#counters.denied.add();
    const realm = `Bearer realm="${schemeOf(request)}://${request.authority}${request.path.replaceAll('"', '%22')}"`;
    stream.reply({
      status,
      body: this.#config.stripsFailure ? '' : message,
      details: `jwt_authn_access_denied{${message.replaceAll(' ', '_')}}`,
      flag: 'UAEX',
      ...(status === 401 ? { headers: { 'www-authenticate': failure === missing ? realm : `${realm}, error="invalid_token"` } } : {}),
    });
    return 'replied';
  }

  #namedBy({ requirementName }: JwtPerRoute): JwtRequirement | 'unknown' | undefined {
    return requirementName === undefined ? undefined : (this.#config.requirements.get(requirementName) ?? 'unknown');
  }

  #requirementOf({ request, info }: Stream): JwtRequirement | undefined {
    const { stateRules } = this.#config;
    if (stateRules) {
      const state = info.filterState?.get(stateRules.name);
      const byState = state === undefined ? undefined : stateRules.requirements.get(state);
      if (byState) return byState;
    }
    const pathEnd = endOfPath(request.path);
    for (let index = 0; index < this.#rules.length; index += 1) {
      const { path, tests, ratio, requirement } = this.#rules[index] as CompiledRule;
      if (path(request.path, pathEnd) && tests(request) && happens(ratio, this.#random)) return requirement;
    }
    return undefined;
  }
}

function isPreflight(request: RequestHead): boolean {
  return request.method === 'OPTIONS' && (request.get('origin') ?? '') !== '' && (request.get('access-control-request-method') ?? '') !== '';
}
