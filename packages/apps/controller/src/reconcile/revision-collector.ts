/** Configuration → none of its Revisions that nobody uses and none will miss. */
import type { Clock, Logger } from '@sluice/kernel';
import type { KubernetesClient, ReconcileResult } from '@sluice/kubernetes';
import { collectRevisions, revisionKind } from '@sluice/serving';
import { index, type Caches } from '../caches.ts';
import type { LiveConfig } from '../live-config.ts';

/** Between two looks at the same Configuration, in ms: stale Revisions are in no hurry. */
const leastWaitMs = 1000;

/** The longest wait that timers hold. */
const mostWaitMs = 24 * 3_600_000;

export interface RevisionCollectorOptions {
  readonly client: KubernetesClient;
  readonly caches: Caches;
  readonly config: LiveConfig;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class RevisionCollector {
  readonly #options: RevisionCollectorOptions;

  constructor(options: RevisionCollectorOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const { client, caches, config, clock, logger } = this.#options;
    const configuration = caches.configurations.store.get(key);
    // With the Configuration all its Revisions go; that is the garbage collector's.
    if (!configuration || configuration.metadata.deletionTimestamp !== undefined) return {};
    const nowMs = clock.wallTime();
    const { collected, nextAtMs } = collectRevisions({
      revisions: caches.revisions.store.byIndex(index.configuration, key),
      latestReadyName: configuration.status?.latestReadyRevisionName,
      config: config.current.gc,
      nowMs,
    });
    for (const { metadata } of collected) {
      const { name, namespace = '', uid } = metadata;
      await client.resource(revisionKind).delete({ name, namespace }, uid === undefined ? {} : { uid });
      logger.info('revision collected', { key: `${namespace}/${name}`, configuration: key });
    }
    if (nextAtMs === undefined) return {};
    return { requeueAfterMs: Math.min(mostWaitMs, Math.max(leastWaitMs, nextAtMs - nowMs)) };
  }
}
