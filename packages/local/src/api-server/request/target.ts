/** What a request is about, read from its path. */
export type Target =
  /** `/healthz`, `/api`, `/openapi/v3`, … */
  | { readonly kind: 'path'; readonly path: string; readonly query: URLSearchParams }
  | ResourceTarget;

export interface ResourceTarget {
  readonly kind: 'resource';
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  /** Undefined: all namespaces, or a cluster-wide kind. */
  readonly namespace: string | undefined;
  /** Undefined: the collection. */
  readonly name: string | undefined;
  /** Empty when the object itself is meant. */
  readonly subresource: string;
  readonly query: URLSearchParams;
}

/**
 * `/api/v1/…` and `/apis/<group>/<version>/…` with at least a resource are resource targets, all else is
 * a path. The old `/watch/` prefix becomes the query parameter that replaced it.
 */
export function parseTarget(target: string): Target {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1));
  const steps = path.split('/').filter((step) => step !== '').map(decode);
  const root = steps.shift();
  if (root !== 'api' && root !== 'apis') return { kind: 'path', path, query };
  const group = root === 'api' ? '' : (steps.shift() ?? '');
  const version = steps.shift() ?? '';
  if (steps[0] === 'watch') {
    steps.shift();
    query.set('watch', 'true');
  }
  if (steps.length === 0) return { kind: 'path', path, query };
  return { kind: 'resource', group, version, query, ...parseSteps(steps) };
}

type Place = Pick<ResourceTarget, 'namespace' | 'plural' | 'name' | 'subresource'>;

function parseSteps(steps: readonly string[]): Place {
  const [first = '', second, third, fourth, ...more] = steps;
  // `/namespaces/x/pods` is in a namespace; `/namespaces/x/status` is about one.
  const isNamespaceItself = third === undefined || third === 'status' || third === 'finalize';
  if (first === 'namespaces' && second !== undefined && !isNamespaceItself) {
    return { namespace: second, plural: third, name: fourth, subresource: more.join('/') };
  }
  const subresource = steps.slice(2).join('/');
  return { namespace: undefined, plural: first, name: second, subresource };
}

function decode(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}
