/** `RouteAction.RequestMirrorPolicy`: who else is sent a request, without anybody waiting for the answer. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';
import { readRuntimeRatio, type RuntimeRatio } from './percent.ts';

export interface RequestMirrorPolicy {
  readonly target: { readonly kind: 'cluster'; readonly name: string } | { readonly kind: 'cluster_header'; readonly header: string };
  /** The share of requests. Undefined: all. */
  readonly fraction: RuntimeRatio | undefined;
  /** The host of the copy gets `-shadow` behind it, unless told otherwise. */
  readonly appendsShadow: boolean;
  /** In place of the request's host. */
  readonly hostRewriteLiteral: string | undefined;
}

export function readRequestMirrorPolicy(json: unknown, scope: Scope): RequestMirrorPolicy | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(['cluster', 'cluster_header'], true);
  const target: RequestMirrorPolicy['target'] =
    kind === 'cluster_header'
      ? { kind, header: reader.requiredString(kind).toLowerCase() }
      : { kind: 'cluster', name: kind === undefined ? '' : reader.requiredString(kind) };
  const policy: RequestMirrorPolicy = {
    target,
    fraction: reader.read('runtime_fraction', readRuntimeRatio),
    appendsShadow: !reader.boolean('disable_shadow_host_suffix_append', false),
    hostRewriteLiteral: reader.string('host_rewrite_literal') || undefined,
  };
  reader.ignore(['trace_sampled']);
  reader.refuse(['request_headers_mutations']);
  reader.done();
  return policy;
}
