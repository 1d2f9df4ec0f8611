/** By which tag a request has come to its revision, as metrics name it. */
import type { RequestHead } from '@sluice/http';

/** What stands for the four cases that are no tag. */
export interface RouteTagWords {
  /** By the route's main traffic, where tags could have chosen. */
  readonly byDefault: string;
  /** A tag was asked for that the route does not have. */
  readonly isUndefined: string;
  /** The route does not go by tags. */
  readonly isDisabled: string;
}

/** `kn.route.tag` of today's metrics. */
export const routeTagWords: RouteTagWords = { byDefault: 'kn:default', isUndefined: 'kn:undefined', isDisabled: 'kn:disabled' };

/** `route_tag` of Knative's metrics up to 1.18. */
export const olderRouteTagWords: RouteTagWords = { byDefault: 'DEFAULT', isUndefined: 'UNDEFINED', isDisabled: 'DISABLED' };

/** A tag, or one of the words. The gateway has set both headers; a client may have set the first. */
export function routeTagOf(head: RequestHead, words: RouteTagWords): string {
  const tag = head.get('knative-serving-tag') ?? '';
  const isDefault = head.get('knative-serving-default-route') === 'true';
  if (isDefault) return tag === '' ? words.byDefault : words.isUndefined;
  return tag === '' ? words.isDisabled : tag;
}
