/**
 * What TLS inside the mesh takes, as it changes in the API: one Secret of the control plane, and ConfigMaps with more authorities.
 * Followed from the moment that somebody wants it (`system-internal-tls`), so that no right to Secrets is needed before.
 */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import { Informer, secrets, type ConfigMap, type KubernetesClient, type Secret } from '@sluice/kubernetes';
import { internalCertificateNames, internalTlsOf, trustBundleLabel, type InternalTls } from '@sluice/serving';

export interface InternalTlsWatchOptions {
  readonly client: KubernetesClient;
  readonly systemNamespace: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** `undefined`: it is not spoken. */
  readonly onInternalTls: (internalTls: InternalTls | undefined) => void;
}

export interface InternalTlsWatch {
  setWanted(isWanted: boolean): void;
  /** @param map of the control plane's namespace; undefined when it has gone */
  onConfigMap(map: ConfigMap | undefined, name: string): void;
  /** Fulfils when it is known what there is; at once where nobody wants it. */
  whenSynced(): Promise<void>;
  stop(): Promise<void>;
}

/** A Secret that we may not read must not keep everything else waiting. Chosen: far above what a list takes. Milliseconds. */
const SYNC_WAIT_MS = 10_000;

export function createInternalTlsWatch(options: InternalTlsWatchOptions): InternalTlsWatch {
  const { logger, systemNamespace, timers, onInternalTls } = options;
  const name = internalCertificateNames.routing;
  const bundles = new Map<string, ConfigMap>();
  let informer: Informer<Secret> | undefined;
  let isWanted = false;
  let last: InternalTls | undefined;

  function update(): void {
    if (!isWanted || !informer?.hasSynced) return;
    const found = internalTlsOf(informer.store.get(`${systemNamespace}/${name}`), [...bundles.keys()].sort().flatMap((key) => bundles.get(key) ?? []));
    if (!found) logger.warn('internal tls without certificates', { secret: `${systemNamespace}/${name}` });
    // What could be used stays until there is something better: without it, nobody inside could be believed.
    last = found === undefined ? last : { ...found, identity: found.identity ?? last?.identity };
    onInternalTls(last);
  }

  return {
    setWanted(wanted) {
      if (wanted === isWanted) return;
      isWanted = wanted;
      if (!wanted) return onInternalTls(undefined);
      if (informer) return update();
      informer = new Informer<Secret>({ ...options, kind: secrets, namespace: systemNamespace, fieldSelector: `metadata.name=${name}` });
      informer.subscribe(update);
      informer.start();
      void informer.whenSynced().then(update);
    },
    onConfigMap(map, key) {
      const isBundle = map?.metadata.labels?.[trustBundleLabel] === 'true';
      if (!isBundle && !bundles.has(key)) return;
      if (map && isBundle) bundles.set(key, map);
      else bundles.delete(key);
      update();
    },
    async whenSynced() {
      if (!informer) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = timers.after(SYNC_WAIT_MS, resolve);
      await Promise.race([informer.whenSynced(), promise]);
      timer.cancel();
    },
    stop: async () => informer?.stop(),
  };
}
