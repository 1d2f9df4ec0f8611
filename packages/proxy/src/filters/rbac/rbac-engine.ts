/** RBAC rules, compiled: one question per request, and the name of the policy that answered it. */
import type { StringMatcher } from '@sluice/resources';
import type { Stream } from '../../stream.ts';
import { compileHeaderMatcher } from '../../router/head-test.ts';
import { compileStringMatcher } from '../../router/string-test.ts';
import type { PatternCompiler } from '../../router/compile-session.ts';
import { isInRange } from '../../ip-address.ts';
import { compileMatcherTree, type MatcherTree } from '../matcher/matcher-tree.ts';
import { compileMetadataMatcher } from '../metadata-matcher.ts';
import type { RbacPolicy, RbacRules } from './rbac-config.ts';
import type { RbacJudgement } from './rbac-judgement.ts';
import type { Party, RbacRule } from './rbac-rule.ts';

export type RbacEngine = (stream: Stream) => RbacJudgement;

type StreamTest = (stream: Stream) => boolean;

/** Judgements are made beforehand: one for each policy, one for none. `path` is that of the rules. */
export function compileRules({ action, policies }: RbacRules, path: string, patterns: PatternCompiler): RbacEngine {
  const compiled = policies.map((policy) => ({
    matches: compilePolicy(policy, `${path}.policies[${JSON.stringify(policy.name)}]`, patterns),
    judgement: { isAllowed: action !== 'DENY', policy: policy.name },
  }));
  const otherwise: RbacJudgement = { isAllowed: action !== 'ALLOW', policy: '' };
  return (stream) => {
    for (let index = 0; index < compiled.length; index += 1) {
      const { matches, judgement } = compiled[index] as (typeof compiled)[number];
      if (matches(stream)) return judgement;
    }
    return otherwise;
  };
}

/** A tree whose leaves are judgements. Where none is reached, nobody passes. */
export function compileMatcher(tree: MatcherTree<RbacJudgement>, path: string, patterns: PatternCompiler): RbacEngine {
  const choose = compileMatcherTree(tree, path, patterns);
  const otherwise: RbacJudgement = { isAllowed: false, policy: '' };
  return (stream) => choose(stream) ?? otherwise;
}

function compilePolicy({ permissions, principals }: RbacPolicy, path: string, patterns: PatternCompiler): StreamTest {
  const permitted = compileAll(permissions, `${path}.permissions`, patterns);
  const identified = compileAll(principals, `${path}.principals`, patterns);
  return (stream) => someOf(permitted, stream) && someOf(identified, stream);
}

function compileAll(rules: readonly RbacRule[], path: string, patterns: PatternCompiler): readonly StreamTest[] {
  return rules.map((rule, index) => compileRule(rule, `${path}[${index}]`, patterns));
}

function compileRule(rule: RbacRule, path: string, patterns: PatternCompiler): StreamTest {
  switch (rule.kind) {
    case 'any':
      return () => true;
    case 'and': {
      const tests = compileAll(rule.rules, path, patterns);
      return (stream) => everyOf(tests, stream);
    }
    case 'or': {
      const tests = compileAll(rule.rules, path, patterns);
      return (stream) => someOf(tests, stream);
    }
    case 'not': {
      const test = compileRule(rule.rule, path, patterns);
      return (stream) => !test(stream);
    }
    case 'header': {
      const test = compileHeaderMatcher(rule.matcher, `${path}.header`, patterns);
      return ({ request }) => test(request);
    }
    case 'path': {
      const test = compileStringMatcher(rule.matcher, `${path}.url_path.path`, patterns);
      return ({ request }) => test(withoutQuery(request.path));
    }
    case 'ip':
      return (stream) => isInRange(hostOf(stream, rule.whose), rule.range);
    case 'metadata': {
      const test = compileMetadataMatcher(rule.matcher, `${path}.metadata`, patterns);
      return rule.source === 'dynamic' ? ({ info }) => test(info.dynamicMetadata) : ({ route }) => test(route?.metadata);
    }
    case 'filter-state': {
      const test = compileStringMatcher(rule.matcher, `${path}.filter_state.string_match`, patterns);
      return ({ info }) => {
        const state = info.filterState?.get(rule.key);
        return state !== undefined && test(state);
      };
    }
    case 'authenticated':
      return compileAuthenticated(rule.name, `${path}.authenticated.principal_name`, patterns);
    case 'server-name': {
      const test = compileStringMatcher(rule.matcher, `${path}.requested_server_name`, patterns);
      return ({ info }) => test(info.connection?.serverName ?? '');
    }
    case 'port':
      return ({ info }) => info.downstreamLocal.port >= rule.start && info.downstreamLocal.port < rule.end;
  }
}

/** Asked for every request, so they make nothing. */
function someOf(tests: readonly StreamTest[], stream: Stream): boolean {
  for (let index = 0; index < tests.length; index += 1) if ((tests[index] as StreamTest)(stream)) return true;
  return false;
}

function everyOf(tests: readonly StreamTest[], stream: Stream): boolean {
  for (let index = 0; index < tests.length; index += 1) if (!(tests[index] as StreamTest)(stream)) return false;
  return true;
}

/** The names of a certificate are its URIs, its DNS names and its subject, in this order, as in Envoy. */
function compileAuthenticated(name: StringMatcher | undefined, path: string, patterns: PatternCompiler): StreamTest {
  if (!name) return ({ info }) => info.connection?.tls?.peer !== undefined;
  const test = compileStringMatcher(name, path, patterns);
  return ({ info }) => {
    const peer = info.connection?.tls?.peer;
    return peer !== undefined && (peer.uriNames.some(test) || peer.dnsNames.some(test) || test(peer.subject));
  };
}

/** Query and fragment do not belong to the path that is matched, as in Envoy. */
function withoutQuery(path: string): string {
  const end = path.search(/[?#]/);
  return end === -1 ? path : path.slice(0, end);
}

function hostOf(stream: Stream, whose: Party): string {
  switch (whose) {
    case 'listener':
      return stream.info.downstreamLocal.host;
    case 'peer':
      return (stream.info.connection?.directRemote ?? stream.info.downstreamRemote).host;
    case 'source':
      return stream.info.downstreamRemote.host;
    case 'client':
      return stream.clientHost;
  }
}
