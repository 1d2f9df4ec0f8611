/** What the levels of a route ask of the router beyond one plain try, compiled to one answer; undefined when they ask nothing. */
import type { RequestHead } from '@sluice/http';
import type { RequestMirrorPolicy, RouteAction } from '@sluice/resources';
import type { CompileEnvironment } from '../compile-environment.ts';
import type { Mirror, TryPolicy } from '../upstream/try-policy.ts';
import { compileRetryRule } from './compile-retry.ts';
import type { CompileSession } from './compile-session.ts';
import { compileEndpointRewrite } from './rewrite.ts';
import type { RoutePlace } from './route-place.ts';

export function compileTries(action: RouteAction, { table, host, hostPath, route, path }: RoutePlace, session: CompileSession): TryPolicy | undefined {
  // Each level replaces the one above it as a whole.
  const [retryPolicy, retryPath] = action.retryPolicy ? [action.retryPolicy, `${path}.route`] : [host.retryPolicy, hostPath];
  const hedgePolicy = action.hedgePolicy ?? host.hedgePolicy;
  const mirrors = [action.mirrorPolicies, host.mirrorPolicies, table.mirrorPolicies].find((policies) => policies.length > 0) ?? [];
  const policy: TryPolicy = {
    retry: retryPolicy && compileRetryRule(retryPolicy, `${retryPath}.retry_policy`, session),
    hedges: hedgePolicy?.onPerTryTimeout ?? false,
    mirrors: mirrors.map((mirror) => compileMirror(mirror, session.environment)),
    bodyLimit: route.bodyBufferLimit ?? host.bodyBufferLimit,
    announcesAttempt: host.includesAttemptCount,
    announcesTimeoutRetry: host.includesIsTimeoutRetry,
    rewriteToEndpoint: compileEndpointRewrite(action, session),
  };
  const asks = policy.retry || policy.mirrors.length > 0 || policy.announcesAttempt || policy.rewriteToEndpoint;
  return asks ? policy : undefined;
}

export function compileMirror({ target, fraction, appendsShadow, hostRewriteLiteral }: RequestMirrorPolicy, { runtime }: Pick<CompileEnvironment, 'runtime'>): Mirror {
  const clusterOf = target.kind === 'cluster' ? () => target.name : (head: RequestHead) => head.get(target.header) || undefined;
  const ratio = fraction && runtime.ratio(fraction.runtimeKey, fraction.ratio);
  return { clusterOf, ratio, appendsShadow, hostLiteral: hostRewriteLiteral };
}
