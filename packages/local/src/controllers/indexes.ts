/** How the caches of the built-in controllers can be asked. */
import { controllerOf, type Indexer, type KubernetesObject } from '@sluice/kubernetes';

/** Objects by the uid of the owner that controls them. */
export const byOwner = 'owner';

/** Objects by their namespace. */
export const byNamespace = 'namespace';

export const indexes: Readonly<Record<typeof byOwner | typeof byNamespace, Indexer<KubernetesObject>>> = {
  [byOwner](object) {
    const owner = controllerOf(object);
    return owner ? [owner.uid] : [];
  },
  [byNamespace]: ({ metadata }) => [metadata.namespace ?? ''],
};
