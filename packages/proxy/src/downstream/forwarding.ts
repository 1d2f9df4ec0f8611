/** What becomes of a request that its filters have let pass: an answer from here, or a way to a host. */
import type { TunnelKind } from '../codec.ts';
import type { HttpFilter } from '../filters/filter.ts';
import { RouterFilter } from '../filters/router/router-filter.ts';
import { outcomes } from '../outcome.ts';
import type { ForwardAction, RouteAction } from '../route-match.ts';
import type { LocalReply, Stream } from '../stream.ts';
import type { RequestDemands } from '../upstream/request-demands.ts';
import { replyOf } from './local-reply.ts';

/** What a route says that answers by itself. */
export function replyByRoute(action: Exclude<RouteAction, ForwardAction>, stream: Stream): LocalReply {
  if (action.kind === 'redirect') return { status: action.status, headers: { location: action.location(stream.request) }, details: 'direct_response' };
  const { status, contentType } = action;
  return { status, body: action.format?.(stream) ?? action.body, details: 'direct_response', ...(contentType === undefined ? {} : { contentType }) };
}

export function replyWithoutCluster({ clusterNotFoundStatus }: ForwardAction): LocalReply {
  return { status: clusterNotFoundStatus, details: outcomes['no-cluster'].details, flag: 'NC' };
}

/** For a request that asked badly where that is looked at. */
export function replyToBadDemand({ faults }: RequestDemands, router: RouterFilter | undefined): LocalReply | undefined {
  const fault = faults.find(({ name }) => router?.checksStrictly(name));
  return fault && { ...replyOf(outcomes['invalid-demand']), body: `invalid header '${fault.name}' with value '${fault.value}'` };
}

/** @param upgrade what the request asks to become; empty for nothing */
export function tunnelKindOf(upgrade: string, { terminatesConnect }: ForwardAction): TunnelKind | undefined {
  if (upgrade === '') return undefined;
  if (upgrade !== 'CONNECT') return 'upgrade';
  return terminatesConnect === true ? 'bytes' : 'connect';
}

/** The end of a chain, which says how requests are routed. */
export function routerOf(filters: readonly HttpFilter[]): RouterFilter | undefined {
  const last = filters[filters.length - 1];
  return last instanceof RouterFilter ? last : undefined;
}
