/**
 * Tags that only clients in the cluster may see, because the Service that stands for each says so by its label. It stands among the
 * annotations of the Route's status, as its TLS does: whoever serves the Route looks at no Services for it.
 */
import type { Route } from '../api/route.ts';

/** In `status.annotations`: a JSON list of tags; the empty one stands for the route itself. */
export const hiddenTagsAnnotation = 'networking.sluice.dev/cluster-local-tags';

/** Nothing where none are hidden, or none that can be read. */
export function hiddenTags(route: Route): readonly string[] {
  const text = route.status?.annotations?.[hiddenTagsAnnotation];
  if (text === undefined) return [];
  try {
    const tags: unknown = JSON.parse(text);
    return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
  } catch {
    return [];
  }
}

/** The route as it is with these tags hidden and no others. */
export function withHiddenTags(route: Route, tags: readonly string[]): Route {
  const { [hiddenTagsAnnotation]: before, ...others } = route.status?.annotations ?? {};
  if (before === undefined && tags.length === 0) return route;
  const annotations = tags.length === 0 ? others : { ...others, [hiddenTagsAnnotation]: JSON.stringify([...tags].sort()) };
  return { ...route, status: { ...route.status, annotations } };
}
