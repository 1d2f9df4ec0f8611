/** What a cluster says in place of the routes that lead to it: where requests belong, who gets copies, which responses are failures. */
import type { ResponseHead } from '@sluice/http';
import { upstreamHttpProtocolOptionsTypeName, type Cluster, type ResponsePredicate } from '@sluice/resources';
import type { CompileEnvironment } from '../compile-environment.ts';
import type { ClusterConfig } from '../proxy-config.ts';
import { responseValue } from '../router/compile-retry.ts';
import type { PatternCompiler } from '../router/compile-session.ts';
import { compileMirror } from '../router/compile-tries.ts';
import { compileHeaderMatcherOf } from '../router/head-test.ts';
import { compileHash } from '../router/request-hash.ts';

export type ClusterRouting = Pick<ClusterConfig, 'hash' | 'mirrors' | 'isFailure'>;

/** Problems are told to `patterns`. */
export function compileClusterRouting({ http }: Cluster, environment: CompileEnvironment, patterns: PatternCompiler): ClusterRouting {
  const { hashPolicies = [], mirrorPolicies = [], failurePredicate } = http;
  const path = `typed_extension_protocol_options["${upstreamHttpProtocolOptionsTypeName}"]`;
  const hash = compileHash(hashPolicies, path, patterns);
  return {
    ...(hash ? { hash } : {}),
    ...(mirrorPolicies.length > 0 ? { mirrors: mirrorPolicies.map((mirror) => compileMirror(mirror, environment)) } : {}),
    ...(failurePredicate ? { isFailure: compilePredicate(failurePredicate, `${path}.outlier_detection.error_matcher`, patterns) } : {}),
  };
}

type ResponseTest = (head: ResponseHead) => boolean;

function compilePredicate(predicate: ResponsePredicate, path: string, patterns: PatternCompiler): ResponseTest {
  switch (predicate.kind) {
    case 'any':
      return () => true;
    case 'not': {
      const test = compilePredicate(predicate.rule, `${path}.not_match`, patterns);
      return (head) => !test(head);
    }
    case 'any-of': {
      const tests = predicate.rules.map((rule, index) => compilePredicate(rule, `${path}.or_match.rules[${index}]`, patterns));
      return (head) => tests.some((test) => test(head));
    }
    case 'all-of': {
      const tests = predicate.rules.map((rule, index) => compilePredicate(rule, `${path}.and_match.rules[${index}]`, patterns));
      return (head) => tests.every((test) => test(head));
    }
    case 'headers': {
      const tests = predicate.headers.map((matcher, index) => compileHeaderMatcherOf(matcher, `${path}.http_response_headers_match.headers[${index}]`, patterns, responseValue));
      return (head) => tests.every((test) => test(head));
    }
  }
}
