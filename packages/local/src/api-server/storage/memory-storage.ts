/** Keeps objects as long as it is referenced: for tests and simulations, which may start a second server on it. */
import type { Storage, StoredObject } from './storage.ts';

export function createMemoryStorage(): Storage {
  const objects = new Map<string, StoredObject>();
  let resourceVersion = 0;
  return {
    load: () => ({ objects: [...objects.values()], resourceVersion }),
    put(object) {
      objects.set(object.key, object);
      resourceVersion = Math.max(resourceVersion, object.resourceVersion);
    },
    remove(key, version) {
      objects.delete(key);
      resourceVersion = Math.max(resourceVersion, version);
    },
    close() {},
  };
}
