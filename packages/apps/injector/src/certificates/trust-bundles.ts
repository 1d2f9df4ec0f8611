/**
 * By whose word API servers believe this webhook: `caBundle` in the configurations. Several replicas write it, each by what it has read of the
 * Secret, perhaps a moment ago. So nobody takes an authority out that another has just put in: a bundle is written where one is missing or one is over.
 */
import type { Clock } from '@sluice/kernel';
import type { Informer, KubernetesClient, ResourceKind } from '@sluice/kubernetes';
import { isCurrent, readCertificates } from './certificate-plan.ts';
import type { WebhookConfiguration } from './webhook-configurations.ts';

export interface WatchedConfiguration {
  readonly kind: ResourceKind<WebhookConfiguration>;
  readonly name: string;
  /** Of that configuration alone. */
  readonly cache: Informer<WebhookConfiguration>;
}

export interface TrustBundlesOptions {
  readonly client: KubernetesClient;
  readonly configurations: readonly WatchedConfiguration[];
  readonly clock: Clock;
}

export class TrustBundles {
  readonly #options: TrustBundlesOptions;
  /** The newest authority of the last bundle written, and since when (monotonic) all configurations are known to hold it. */
  #newest = '';
  #since: number | undefined;

  constructor(options: TrustBundlesOptions) {
    this.#options = options;
  }

  /** Hears when a configuration changed, as when somebody set it back. */
  subscribe(onChange: () => void): void {
    for (const { cache } of this.#options.configurations) cache.subscribe(onChange);
  }

  /** Before that, "not there" means nothing. */
  get hasSynced(): boolean {
    return this.#options.configurations.every(({ cache }) => cache.hasSynced);
  }

  /** Whether all configurations hold what was last asked for. */
  get isWritten(): boolean {
    return this.#since !== undefined;
  }

  /** How long until the newest authority has been everywhere for `settleMs`; 0 when it has; infinite while it is not. */
  trustedInMs(settleMs: number): number {
    return this.#since === undefined ? Number.POSITIVE_INFINITY : Math.max(0, this.#since + settleMs - this.#options.clock.now());
  }

  /**
   * Has all configurations hold the authorities of `bundle`.
   * @param bundle PEM, the newest first
   * @throws ApiError 409, 422 when another wrote at the same time
   */
  async write(bundle: string, nowMs: number): Promise<void> {
    const newest = readCertificates(bundle)[0]?.fingerprint256 ?? '';
    if (newest !== this.#newest) this.#since = undefined;
    this.#newest = newest;
    for (const configuration of this.#options.configurations) {
      if (await this.#writeTo(configuration, bundle, nowMs)) this.#since = undefined;
    }
    this.#since ??= this.#options.clock.now();
  }

  /** Whether something had to be written. */
  async #writeTo({ kind, name, cache }: WatchedConfiguration, bundle: string, nowMs: number): Promise<boolean> {
    const found = cache.store.get(name);
    // Not installed: nobody asks by it. When it comes, it is told.
    if (!found) return false;
    const operations = (found.webhooks ?? []).flatMap(({ clientConfig }, index) => {
      const held = Buffer.from(clientConfig.caBundle ?? '', 'base64').toString('utf8');
      if (held !== '' && isCurrent(held, bundle, nowMs)) return [];
      return [{ op: 'add' as const, path: `/webhooks/${index}/clientConfig/caBundle`, value: Buffer.from(bundle).toString('base64') }];
    });
    if (operations.length === 0) return false;
    const { resourceVersion } = found.metadata;
    const guard = { op: 'test' as const, path: '/metadata/resourceVersion', value: resourceVersion };
    await this.#options.client.resource(kind).patch({ name }, { type: 'json', operations: [guard, ...operations] });
    return true;
  }
}
