import type { Ingress, IngressPath } from '../api/ingress.ts';

/** An Ingress with what it leaves open said, as Knative fills it in. Doing it twice is the same as doing it once. */
export function defaultIngress(ingress: Ingress): Ingress {
  const { spec } = ingress;
  const rules = spec.rules?.map((rule) => ({
    ...rule,
    visibility: rule.visibility || ('ExternalIP' as const),
    ...(rule.http === undefined ? {} : { http: { ...rule.http, ...(rule.http.paths ? { paths: rule.http.paths.map(defaultPath) } : {}) } }),
  }));
  // What says nothing at all is refused for that, and not made to say something.
  if (Object.keys(spec).length === 0) return ingress;
  return { ...ingress, spec: { ...spec, ...(rules ? { rules } : {}), httpOption: spec.httpOption || 'Enabled' } };
}

/** A single backend gets everything. */
function defaultPath(path: IngressPath): IngressPath {
  const [only, ...others] = path.splits ?? [];
  return only === undefined || others.length > 0 || Object.keys(only).length === 0
    ? path
    : { ...path, splits: [{ ...only, percent: only.percent || 100 }] };
}
