/** `envoy.extensions.filters.http.rbac.v3.RBAC` and `RBACPerRoute`. */
import type { Checked } from '@sluice/kernel';
import { decodeDocument, MessageReader, openTypedConfig, type DecodeOptions, type Scope } from '@sluice/resources';
import { readMatcherTree, type MatcherTree } from '../matcher/matcher-tree.ts';
import type { RbacJudgement } from './rbac-judgement.ts';
import { readPermission, readPrincipal, type RbacRule } from './rbac-rule.ts';

export interface RbacConfig {
  /** Undefined lets everything pass. */
  readonly rules: RbacRules | undefined;
  /** In place of rules. */
  readonly matcher: MatcherTree<RbacJudgement> | undefined;
  /** Judged and counted, without effect. */
  readonly shadowRules: RbacRules | undefined;
  readonly shadowMatcher: MatcherTree<RbacJudgement> | undefined;
  /** Put in front of the names of their counters. */
  readonly rulesStatPrefix: string;
  readonly shadowRulesStatPrefix: string;
}

export interface RbacRules {
  /** What happens to requests that match a policy. ALLOW and DENY do the opposite to all others, LOG nothing to any. */
  readonly action: 'ALLOW' | 'DENY' | 'LOG';
  /** By name. */
  readonly policies: readonly RbacPolicy[];
}

/** Matches when one of the permissions and one of the principals do. */
export interface RbacPolicy {
  readonly name: string;
  readonly permissions: readonly RbacRule[];
  readonly principals: readonly RbacRule[];
}

export function decodeRbac(value: unknown, path: string, options?: DecodeOptions): Checked<RbacConfig> {
  return decodeDocument(value, path, options, readRbac);
}

/** Without `rbac` in it, it takes all rules away. */
export function decodeRbacPerRoute(value: unknown, path: string, options?: DecodeOptions): Checked<RbacConfig> {
  return decodeDocument(value, path, options, (json, scope) => {
    const reader = MessageReader.open(json, scope);
    const config = reader?.read('rbac', readRbac);
    const isOff = reader !== undefined && !reader.has('rbac');
    reader?.done();
    return isOff ? noRules : config;
  });
}

const noRules: RbacConfig = { rules: undefined, matcher: undefined, shadowRules: undefined, shadowMatcher: undefined, rulesStatPrefix: '', shadowRulesStatPrefix: '' };

function readRbac(json: unknown, scope: Scope): RbacConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const config: RbacConfig = {
    rules: reader.read('rules', readRules),
    matcher: reader.read('matcher', readMatcher),
    shadowRules: reader.read('shadow_rules', readRules),
    shadowMatcher: reader.read('shadow_matcher', readMatcher),
    rulesStatPrefix: reader.string('rules_stat_prefix', ''),
    shadowRulesStatPrefix: reader.string('shadow_rules_stat_prefix', ''),
  };
  reader.oneof(['rules', 'matcher'], false);
  reader.oneof(['shadow_rules', 'shadow_matcher'], false);
  reader.ignore(['track_per_rule_stats']);
  reader.done();
  return config;
}

/** As with policies, to log lets pass. */
function readMatcher(json: unknown, scope: Scope): MatcherTree<RbacJudgement> | undefined {
  return readMatcherTree(json, scope, (action, at) => {
    const typed = openTypedConfig(action, at);
    if (typed && typed.typeName !== actionType) at.at('@type').error(`is ${typed.typeName}, must be ${actionType}`);
    const reader = typed && MessageReader.open(typed.json, typed.scope);
    if (!reader) return undefined;
    const policy = reader.requiredString('name');
    const isAllowed = reader.enum('action', ['ALLOW', 'DENY', 'LOG'], 'ALLOW') !== 'DENY';
    reader.done();
    return { isAllowed, policy };
  });
}

const actionType = 'envoy.config.rbac.v3.Action';

/** What both filters of this name have: for requests, and for connections. */
export function readRules(json: unknown, scope: Scope): RbacRules | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const action = reader.enum('action', ['ALLOW', 'DENY', 'LOG'], 'ALLOW');
  const policies = Array.from(reader.map('policies', readPolicy));
  reader.ignore(['audit_logging_options']);
  reader.done();
  // Envoy's map is sorted, and the first policy that matches is the one that is named.
  policies.sort(([a], [b]) => (a < b ? -1 : 1));
  return { action, policies: policies.map(([name, policy]) => ({ name, ...policy })) };
}

function readPolicy(json: unknown, scope: Scope): Omit<RbacPolicy, 'name'> | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const policy = { permissions: reader.list('permissions', readPermission), principals: reader.list('principals', readPrincipal) };
  for (const name of ['permissions', 'principals']) if (!reader.has(name)) scope.at(name).error('is required');
  reader.refuse(['condition', 'checked_condition', 'cel_config']);
  reader.done();
  return policy;
}
