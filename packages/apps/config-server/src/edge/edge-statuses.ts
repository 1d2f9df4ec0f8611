/** The statuses of the edge's objects as they should stand in the API: what is there, with what is ours to say put in its place. */
import { gatewayController, type EdgeAncestorStatus, type EdgeCondition, type EdgeGatewayStatus, type EdgeParentStatus, type GatewayStatus, type RouteParentStatus, type GatewayPolicyStatus, type GatewayRouteStatus, type StatedCondition } from '@sluice/serving';

/** What gateways have made of the latest model. */
export type EdgeVerdict = { readonly kind: 'taken' } | { readonly kind: 'pending' } | { readonly kind: 'refused'; readonly message: string };

export interface StatusContext {
  readonly generation: number | undefined;
  /** RFC 3339. */
  readonly now: string;
  readonly verdict: EdgeVerdict;
}

export function statedConditions(conditions: readonly EdgeCondition[], before: readonly StatedCondition[] | undefined, { generation, now, verdict }: StatusContext): StatedCondition[] {
  return conditions.map((wanted) => {
    const { type, status, reason, message } = wanted.type === 'Programmed' && wanted.status === 'True' ? programmed(verdict) : wanted;
    const previous = before?.find((one) => one.type === type);
    const lastTransitionTime = previous?.status === status ? (previous.lastTransitionTime ?? now) : now;
    return { type, status, reason, message, lastTransitionTime, ...(generation === undefined ? {} : { observedGeneration: generation }) };
  });
}

function programmed(verdict: EdgeVerdict): EdgeCondition {
  switch (verdict.kind) {
    case 'taken':
      return { type: 'Programmed', status: 'True', reason: 'Programmed', message: '' };
    case 'pending':
      return { type: 'Programmed', status: 'Unknown', reason: 'Pending', message: 'waiting for gateways to take it' };
    case 'refused':
      return { type: 'Programmed', status: 'False', reason: 'Invalid', message: verdict.message };
  }
}

export function statedGateway({ addresses, conditions, listeners }: EdgeGatewayStatus, before: GatewayStatus | undefined, context: StatusContext): GatewayStatus {
  return {
    addresses,
    conditions: statedConditions(conditions, before?.conditions, context),
    listeners: listeners.map((listener) => ({
      ...listener,
      conditions: statedConditions(listener.conditions, before?.listeners?.find(({ name }) => name === listener.name)?.conditions, context),
    })),
  };
}

/** What other controllers say of their parents stays. */
export function statedRoute(parents: readonly EdgeParentStatus[], before: GatewayRouteStatus | undefined, context: StatusContext): GatewayRouteStatus {
  const others = (before?.parents ?? []).filter(({ controllerName }) => controllerName !== gatewayController);
  const own = parents.map(({ parentRef, conditions }): RouteParentStatus => {
    const previous = before?.parents?.find((one) => one.controllerName === gatewayController && isSameParent(one.parentRef, parentRef));
    return { parentRef, controllerName: gatewayController, conditions: statedConditions(conditions, previous?.conditions, context) };
  });
  return { parents: [...others, ...own] };
}

/** Of a policy, as of a route. */
export function statedPolicy(ancestors: readonly EdgeAncestorStatus[], before: GatewayPolicyStatus | undefined, context: StatusContext): GatewayPolicyStatus {
  const others = (before?.ancestors ?? []).filter(({ controllerName }) => controllerName !== gatewayController);
  const own = ancestors.map(({ ancestorRef, conditions }) => {
    const previous = before?.ancestors?.find((one) => one.controllerName === gatewayController && isSameParent(one.ancestorRef, ancestorRef));
    return { ancestorRef, controllerName: gatewayController, conditions: statedConditions(conditions, previous?.conditions, context) };
  });
  return { ancestors: [...others, ...own] };
}

function isSameParent(a: RouteParentStatus['parentRef'], b: RouteParentStatus['parentRef']): boolean {
  return a.name === b.name && a.namespace === b.namespace && a.sectionName === b.sectionName && a.port === b.port;
}
