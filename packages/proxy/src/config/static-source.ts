/** The resources of a bootstrap, put into a store: clusters first, so that listeners may refer to them. */
import type { Problem } from '@sluice/kernel';
import type { Bootstrap } from '@sluice/resources';
import type { ConfigStore } from './config-store.ts';

/**
 * Gives everything that is wrong beyond what decoding has shown, with paths in the bootstrap. `json` is what the
 * bootstrap was decoded from: the parts of it are what dumps show.
 */
export function addStaticResources(bootstrap: Bootstrap, json: unknown, store: ConfigStore): readonly Problem[] {
  const parts = partsOf(json);
  const problems: Problem[] = [];
  bootstrap.staticResources.clusters.forEach((value, index) => {
    const path = `static_resources.clusters[${index}]`;
    problems.push(...store.addStatic({ kind: 'cluster', name: value.name, value, json: parts.clusters[index], path }));
  });
  bootstrap.staticResources.listeners.forEach((value, index) => {
    const path = `static_resources.listeners[${index}]`;
    problems.push(...store.addStatic({ kind: 'listener', name: value.name, value, json: parts.listeners[index], path }));
  });
  return problems;
}

interface Parts {
  readonly clusters: readonly unknown[];
  readonly listeners: readonly unknown[];
}

/** A bootstrap that could be decoded has lists here, under either spelling of the field. */
function partsOf(json: unknown): Parts {
  const root = (json ?? {}) as Readonly<Record<string, unknown>>;
  const resources = (root['static_resources'] ?? root['staticResources'] ?? {}) as Partial<Parts>;
  return { clusters: resources.clusters ?? [], listeners: resources.listeners ?? [] };
}
