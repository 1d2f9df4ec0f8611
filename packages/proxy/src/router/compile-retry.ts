/** Retry policies, compiled: of routes, of virtual hosts, and of clusters, whose regexes are compiled as theirs are. */
import type { Host } from '@sluice/balancing';
import type { RequestHead, ResponseHead } from '@sluice/http';
import type { Metadata, RetryHostPredicate, RetryPolicy } from '@sluice/resources';
import type { HostTest, RetryRule } from '../upstream/retry-rule.ts';
import type { PatternCompiler } from './compile-session.ts';
import { compileHeaderMatcher, compileHeaderMatcherOf } from './head-test.ts';

/** @param path of the policy, for problems */
export function compileRetryRule(policy: RetryPolicy, path: string, patterns: PatternCompiler): RetryRule {
  return {
    on: new Set(policy.retryOn),
    retriesMax: policy.retriesMax,
    perTryTimeoutMs: policy.perTryTimeoutMs,
    perTryIdleTimeoutMs: policy.perTryIdleTimeoutMs,
    statusCodes: new Set(policy.retriableStatusCodes),
    responseTests: policy.retriableHeaders.map((matcher, index) => compileHeaderMatcherOf(matcher, `${path}.retriable_headers[${index}]`, patterns, responseValue)),
    requestTests: policy.retriableRequestHeaders.map((matcher, index): ((head: RequestHead) => boolean) =>
      compileHeaderMatcher(matcher, `${path}.retriable_request_headers[${index}]`, patterns),
    ),
    hostTests: policy.hostPredicates.map(hostTestOf),
    hostSelectionTriesMax: policy.hostSelectionTriesMax,
    priorityUpdateFrequency: policy.priorityUpdateFrequency,
    backOff: policy.backOff,
    rateLimitedBackOff: policy.rateLimitedBackOff,
  };
}

/** `:status` is a field like others. */
export function responseValue(head: ResponseHead, name: string): string | undefined {
  return name === ':status' ? String(head.status) : head.get(name);
}

function hostTestOf(predicate: RetryHostPredicate): HostTest {
  switch (predicate.kind) {
    case 'previous_hosts':
      return (host, previous) => previous.has(host.key);
    case 'omit_canary_hosts':
      return (host) => lbMetadataOf(host)['canary'] === true;
    case 'omit_host_metadata': {
      const wanted = Object.entries(lbOf(predicate.metadata));
      return (host) => wanted.length > 0 && wanted.every(([key, value]) => JSON.stringify(lbMetadataOf(host)[key]) === JSON.stringify(value));
    }
  }
}

/** What is said for balancing. */
function lbOf(metadata: Metadata): Readonly<Record<string, unknown>> {
  return metadata['envoy.lb'] ?? {};
}

function lbMetadataOf(host: Host): Readonly<Record<string, unknown>> {
  return lbOf(host.endpoint.metadata);
}
