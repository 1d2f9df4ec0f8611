/**
 * `envoy.filters.http.rbac`: who may ask for what. Rules decide; shadow rules only count, to try them out. What a
 * route says stands instead of what the filter says.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/rbac_filter
 */
import type { Counter } from '@sluice/kernel';
import type { Stream } from '../../stream.ts';
import { defineFilter, definePerRoute, routeConfigOf, type FilterContext, type FilterFactory, type HttpFilter } from '../filter.ts';
import type { FilterVerdict } from '../filter-verdict.ts';
import { decodeRbac, decodeRbacPerRoute, type RbacConfig } from './rbac-config.ts';
import { compileMatcher, compileRules, type RbacEngine } from './rbac-engine.ts';

export const rbacFactory: FilterFactory = defineFilter<RbacConfig>({
  name: 'envoy.filters.http.rbac',
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
  decode: decodeRbac,
  create: (config, context) => new RbacFilter(config, context),
  perRoute: definePerRoute<RbacConfig>({
    typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBACPerRoute',
    decode: decodeRbacPerRoute,
    create: (config, context) => compileRbac(config, 'rbac.', context),
  }),
});

interface RbacEngines {
  readonly rules: RbacEngine | undefined;
  readonly shadowRules: RbacEngine | undefined;
  /** The rules only say whose requests should be logged. */
  readonly logs: boolean;
  /** In front of what the shadow rules leave in dynamic metadata. */
  readonly shadowPrefix: string;
}

/** Envoy's namespaces: of what shadow rules say, and of what access logs ask. */
const metadataNamespace = 'envoy.filters.http.rbac';
const commonNamespace = 'envoy.common';

function compileRbac({ rules, matcher, shadowRules, shadowMatcher, shadowRulesStatPrefix }: RbacConfig, path: string, { patterns }: FilterContext): RbacEngines {
  return {
    rules: rules ? compileRules(rules, `${path}rules`, patterns) : matcher && compileMatcher(matcher, `${path}matcher`, patterns),
    shadowRules: shadowRules ? compileRules(shadowRules, `${path}shadow_rules`, patterns) : shadowMatcher && compileMatcher(shadowMatcher, `${path}shadow_matcher`, patterns),
    logs: rules?.action === 'LOG',
    shadowPrefix: shadowRulesStatPrefix,
  };
}

class RbacFilter implements HttpFilter {
  readonly name: string;
  readonly #engines: RbacEngines;
  readonly #allowed: Counter;
  readonly #denied: Counter;
  readonly #shadowAllowed: Counter;
  readonly #shadowDenied: Counter;

  constructor(config: RbacConfig, context: FilterContext) {
    const labels = { envoy_http_conn_manager_prefix: context.statPrefix };
    const counter = (prefix: string, name: string, help: string): Counter =>
      context.meter.counter(`envoy_http_rbac_${prefix.replaceAll(/\W/g, '_')}${name}`, help, labels);
    this.name = context.filterName;
    this.#engines = compileRbac(config, '', context);
    this.#allowed = counter(config.rulesStatPrefix, 'allowed', 'requests that the rules let pass');
    this.#denied = counter(config.rulesStatPrefix, 'denied', 'requests that the rules refused');
    this.#shadowAllowed = counter(config.shadowRulesStatPrefix, 'shadow_allowed', 'requests that the shadow rules would let pass');
    this.#shadowDenied = counter(config.shadowRulesStatPrefix, 'shadow_denied', 'requests that the shadow rules would refuse');
  }

  onRequest(stream: Stream): FilterVerdict {
    const { rules, shadowRules, logs, shadowPrefix } = routeConfigOf<RbacEngines>(stream, this.name) ?? this.#engines;
    if (shadowRules) this.#judgeInShadow(stream, shadowRules, shadowPrefix);
    if (!rules) return 'continue';
    const { isAllowed, policy } = rules(stream);
    if (logs) stream.info.addMetadata(commonNamespace, { access_log_hint: policy !== '' });
    (isAllowed ? this.#allowed : this.#denied).add();
    if (isAllowed) return 'continue';
    // A name with spaces would add columns to the access log.
    const named = policy === '' ? 'none' : policy.replaceAll(/\s/g, '_');
    stream.reply({ status: 403, body: 'RBAC: access denied', details: `rbac_access_denied_matched_policy[${named}]` });
    return 'replied';
  }

  /** Leaves what it found for the filters behind and the access log. */
  #judgeInShadow(stream: Stream, shadowRules: RbacEngine, prefix: string): void {
    const { isAllowed, policy } = shadowRules(stream);
    (isAllowed ? this.#shadowAllowed : this.#shadowDenied).add();
    stream.info.addMetadata(metadataNamespace, {
      [`${prefix}shadow_engine_result`]: isAllowed ? 'allowed' : 'denied',
      ...(policy === '' ? {} : { [`${prefix}shadow_effective_policy_id`]: policy }),
    });
  }
}
