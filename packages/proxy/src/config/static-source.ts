/** The resources of a bootstrap, as a store takes them: all of them at once, so that a reload is all or nothing. */
import type { Problem } from '@sluice/kernel';
import type { Bootstrap } from '@sluice/resources';
import type { AnyStaticResource, ConfigStore } from './config-store.ts';

/**
 * Gives everything that is wrong beyond what decoding has shown, with paths in the bootstrap; with errors, the store stays
 * as it was. `json` is what the bootstrap was decoded from: the parts of it are what dumps show.
 */
export function setStaticResources(bootstrap: Bootstrap, json: unknown, store: ConfigStore): readonly Problem[] {
  return store.setStatic(staticResourcesOf(bootstrap, json));
}

/** Those that others refer to come first. */
function staticResourcesOf({ staticResources }: Bootstrap, json: unknown): readonly AnyStaticResource[] {
  const parts = partsOf(json);
  return [
    ...staticResources.secrets.map((value, index) => {
      const path = `static_resources.secrets[${index}]`;
      return { kind: 'secret' as const, name: value.name, value, json: parts.secrets[index], path };
    }),
    ...staticResources.clusters.map((value, index) => {
      const path = `static_resources.clusters[${index}]`;
      return { kind: 'cluster' as const, name: value.name, value, json: parts.clusters[index], path };
    }),
    ...staticResources.listeners.map((value, index) => {
      const path = `static_resources.listeners[${index}]`;
      return { kind: 'listener' as const, name: value.name, value, json: parts.listeners[index], path };
    }),
  ];
}

interface Parts {
  readonly clusters: readonly unknown[];
  readonly listeners: readonly unknown[];
  readonly secrets: readonly unknown[];
}

/** A bootstrap that could be decoded has lists here, under either spelling of the field. */
function partsOf(json: unknown): Parts {
  const root = (json ?? {}) as Readonly<Record<string, unknown>>;
  const resources = (root['static_resources'] ?? root['staticResources'] ?? {}) as Partial<Parts>;
  return { clusters: resources.clusters ?? [], listeners: resources.listeners ?? [], secrets: resources.secrets ?? [] };
}
