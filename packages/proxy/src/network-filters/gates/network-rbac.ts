/**
 * `envoy.filters.network.rbac`: who may connect. The rules are those of the HTTP filter, of which only what a connection
 * has can be asked: addresses, the port, the server's name. A rule about requests is refused, not taken for true or false.
 */
import type { Counter, Logger, Meter } from '@sluice/kernel';
import { isInRange, MessageReader, type Scope } from '@sluice/resources';
import type { ConnectionInfo } from '../../downstream/connection-info.ts';
import { readRules, type RbacRules } from '../../filters/rbac/rbac-config.ts';
import type { Party, RbacRule } from '../../filters/rbac/rbac-rule.ts';
import type { PatternCompiler } from '../../router/compile-session.ts';
import { compileStringMatcher } from '../../router/string-test.ts';
import type { ConnectionGate } from '../connection-gate.ts';
import { defineNetworkFilter } from '../network-filter.ts';

export interface NetworkRbacConfig {
  readonly statPrefix: string;
  /** Undefined lets everybody pass. */
  readonly rules: RbacRules | undefined;
  /** Judged and counted, without effect. */
  readonly shadowRules: RbacRules | undefined;
}

export const networkRbacTypeName = 'envoy.extensions.filters.network.rbac.v3.RBAC';

export const networkRbacFactory = defineNetworkFilter<NetworkRbacConfig>({
  typeName: networkRbacTypeName,
  isTerminal: false,
  read: readNetworkRbac,
  create: (config, { meter, logger, patterns }) => ({
    kind: 'gate',
    gate: new NetworkRbac(config.statPrefix, {
      mayPass: compileRules(config.rules, 'rules', patterns),
      mightPass: compileRules(config.shadowRules, 'shadow_rules', patterns),
    }, meter, logger),
  }),
});

function readNetworkRbac(json: unknown, scope: Scope): NetworkRbacConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const config: NetworkRbacConfig = {
    statPrefix: reader.requiredString('stat_prefix'),
    rules: reader.read('rules', readRules),
    shadowRules: reader.read('shadow_rules', readRules),
  };
  // A connection is judged when it is there, and never again.
  reader.only('enforcement_type', 'ONE_TIME_ON_FIRST_BYTE');
  reader.ignore(['shadow_rules_stat_prefix', 'delay_deny']);
  reader.refuse(['matcher', 'shadow_matcher']);
  reader.done();
  return config;
}

type ConnectionTest = (info: ConnectionInfo) => boolean;

interface Judges {
  /** Undefined where there are no rules. */
  readonly mayPass: ConnectionTest | undefined;
  readonly mightPass: ConnectionTest | undefined;
}

class NetworkRbac implements ConnectionGate {
  readonly #judges: Judges;
  readonly #logger: Logger;
  readonly #count: Readonly<Record<'allowed' | 'denied' | 'shadowAllowed' | 'shadowDenied', Counter>>;

  constructor(statPrefix: string, judges: Judges, meter: Meter, logger: Logger) {
    this.#judges = judges;
    this.#logger = logger;
    const labels = { envoy_rbac_prefix: statPrefix };
    const counter = (name: string, help: string) => meter.counter(`envoy_rbac_${name}`, help, labels);
    this.#count = {
      allowed: counter('allowed', 'connections that were let pass'),
      denied: counter('denied', 'connections that were closed'),
      shadowAllowed: counter('shadow_allowed', 'connections that the shadow rules would let pass'),
      shadowDenied: counter('shadow_denied', 'connections that the shadow rules would close'),
    };
  }

  admit(info: ConnectionInfo): boolean {
    const { mayPass, mightPass } = this.#judges;
    if (mightPass) (mightPass(info) ? this.#count.shadowAllowed : this.#count.shadowDenied).add();
    if (!mayPass) return true;
    const isAllowed = mayPass(info);
    (isAllowed ? this.#count.allowed : this.#count.denied).add();
    if (!isAllowed) this.#logger.debug('connection denied', { remote: info.remote.host });
    return isAllowed;
  }
}

function compileRules(rules: RbacRules | undefined, path: string, patterns: PatternCompiler): ConnectionTest | undefined {
  if (!rules) return undefined;
  const { action, policies } = rules;
  const tests = policies.map(({ name, permissions, principals }) => {
    const at = `${path}.policies[${JSON.stringify(name)}]`;
    const permitted = compileAll(permissions, `${at}.permissions`, patterns);
    const identified = compileAll(principals, `${at}.principals`, patterns);
    return (info: ConnectionInfo) => permitted.some((test) => test(info)) && identified.some((test) => test(info));
  });
  return (info) => action === 'LOG' || tests.some((test) => test(info)) === (action === 'ALLOW');
}

function compileAll(rules: readonly RbacRule[], path: string, patterns: PatternCompiler): readonly ConnectionTest[] {
  return rules.map((rule, index) => compileRule(rule, `${path}[${index}]`, patterns));
}

function compileRule(rule: RbacRule, path: string, patterns: PatternCompiler): ConnectionTest {
  switch (rule.kind) {
    case 'any':
      return () => true;
    case 'and': {
      const tests = compileAll(rule.rules, path, patterns);
      return (info) => tests.every((test) => test(info));
    }
    case 'or': {
      const tests = compileAll(rule.rules, path, patterns);
      return (info) => tests.some((test) => test(info));
    }
    case 'not': {
      const test = compileRule(rule.rule, path, patterns);
      return (info) => !test(info);
    }
    case 'ip':
      return (info) => isInRange(hostOf(info, rule.whose), rule.range);
    case 'port':
      return ({ local }) => local.port >= rule.start && local.port < rule.end;
    case 'authenticated': {
      const test = rule.name && compileStringMatcher(rule.name, path, patterns);
      return ({ tls }) => {
        const peer = tls?.peer;
        return peer !== undefined && (test === undefined || peer.uriNames.some(test) || peer.dnsNames.some(test) || test(peer.subject));
      };
    }
    case 'server-name': {
      const test = compileStringMatcher(rule.matcher, `${path}.requested_server_name`, patterns);
      return ({ serverName }) => test(serverName);
    }
    default:
      patterns.error(path, `is a rule about ${rule.kind}, which a connection does not have`);
      return () => false;
  }
}

function hostOf(info: ConnectionInfo, whose: Party): string {
  switch (whose) {
    case 'listener':
      return info.local.host;
    case 'peer':
      return info.directRemote.host;
    case 'source':
    case 'client':
      return info.remote.host;
  }
}
