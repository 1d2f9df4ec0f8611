import type { DomainMapping } from '../api/domain-mapping.ts';

/** What it leads to is in its own namespace. */
export function defaultDomainMapping(mapping: DomainMapping): DomainMapping {
  const { ref } = mapping.spec;
  if (ref === undefined || ref.namespace) return mapping;
  return { ...mapping, spec: { ...mapping.spec, ref: { ...ref, namespace: mapping.metadata.namespace ?? '' } } };
}
