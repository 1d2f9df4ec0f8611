/** Finds the digests of Revisions' images, beside the work of their controller, once for each Revision. */
import type { Clock, Logger, Timers } from '@sluice/kernel';
import { isNotFound, objectKey, secrets, type KubernetesClient, type KubernetesObject, type ResourceKind, type Secret } from '@sluice/kubernetes';
import { credentialsFor, imagesOf, parseImageName, withDigest, type DeploymentConfig, type ImageResolution, type Revision } from '@sluice/serving';
import { resolveDigest, type RegistryFetch } from './digest-resolver.ts';

interface ServiceAccount extends KubernetesObject {
  readonly imagePullSecrets?: readonly { readonly name?: string }[];
}

const serviceAccounts: ResourceKind<ServiceAccount> = { group: '', version: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true };

export interface RevisionDigestsOptions {
  readonly client: KubernetesClient;
  readonly fetch: RegistryFetch;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** What the cluster says now. */
  readonly config: () => Pick<DeploymentConfig, 'digestResolutionTimeoutMs' | 'registriesSkippingTagResolving'>;
  /** There is something new about a Revision. @param key `namespace/name` */
  readonly onChange: (key: string) => void;
}

interface Entry {
  readonly uid: string | undefined;
  state: ImageResolution;
  /** In a row. */
  failures: number;
}

/** After a failure it is tried again after so long, twice as long each time. */
const retryMs = { first: 1_000, most: 300_000 };

/** How many registries are asked at once, at most. Chosen: many revisions at once are a restore, which has time. */
const atOnceMax = 16;

export class RevisionDigests {
  readonly #options: RevisionDigestsOptions;
  /** By `namespace/name`. */
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #isStopped = false;

  constructor(options: RevisionDigestsOptions) {
    this.#options = options;
  }

  /** Where that of `revision` stands; the first time it is asked, it begins. */
  of(revision: Revision): ImageResolution {
    const key = objectKey(revision);
    const known = this.#entries.get(key);
    // A name may be used again.
    if (known && known.uid === revision.metadata.uid) return known.state;
    const entry: Entry = { uid: revision.metadata.uid, state: { kind: 'resolving' }, failures: 0 };
    this.#entries.set(key, entry);
    void this.#run(revision, key, entry);
    return entry.state;
  }

  /** It runs, or has gone: nobody asks any more. @param key `namespace/name` */
  forget(key: string): void {
    this.#entries.delete(key);
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #run(revision: Revision, key: string, entry: Entry): Promise<void> {
    if (this.#running >= atOnceMax) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running += 1;
    const outcome = await this.#resolve(revision).catch((reason: unknown): ImageResolution => ({ kind: 'failed', image: '', message: messageOf(reason) }));
    this.#running -= 1;
    this.#waiting.shift()?.();
    const isWanted = () => !this.#isStopped && this.#entries.get(key) === entry;
    if (!isWanted()) return;
    entry.state = outcome;
    if (outcome.kind === 'failed') {
      this.#options.logger.warn('image not resolved', { revision: key, image: outcome.image, error: outcome.message });
      this.#options.timers.after(Math.min(retryMs.most, retryMs.first * 2 ** entry.failures), () => {
        if (isWanted()) void this.#run(revision, key, entry);
      });
      entry.failures += 1;
    }
    this.#options.onChange(key);
  }

  async #resolve(revision: Revision): Promise<ImageResolution> {
    const { fetch, config, timers } = this.#options;
    const { digestResolutionTimeoutMs, registriesSkippingTagResolving } = config();
    const digests = new Map<string, string>();
    let pullSecrets: readonly Secret[] | undefined;
    for (const { name, image } of imagesOf(revision)) {
      const parsed = parseImageName(image);
      if (!parsed || registriesSkippingTagResolving.includes(parsed.registry)) continue;
      if (parsed.digest !== '') {
        digests.set(name, image);
        continue;
      }
      const abort = new AbortController();
      const timer = timers.after(digestResolutionTimeoutMs, () => abort.abort(new Error(`no answer within ${digestResolutionTimeoutMs} ms`)));
      try {
        pullSecrets ??= await this.#pullSecrets(revision);
        digests.set(name, withDigest(parsed, await resolveDigest(parsed, credentialsFor(parsed.registry, pullSecrets), fetch, abort.signal)));
      } catch (reason) {
        return { kind: 'failed', image, message: messageOf(abort.signal.aborted ? abort.signal.reason : reason) };
      } finally {
        timer.cancel();
      }
    }
    return { kind: 'resolved', digests };
  }

  /** Those of the Revision itself, and those of its account. */
  async #pullSecrets(revision: Revision): Promise<Secret[]> {
    const { client } = this.#options;
    const { namespace = '' } = revision.metadata;
    const own = (revision.spec as { readonly imagePullSecrets?: readonly { readonly name?: string }[] }).imagePullSecrets ?? [];
    const account = await orUndefined(client.resource(serviceAccounts).get({ namespace, name: revision.spec.serviceAccountName || 'default' }));
    const names = new Set([...own, ...(account?.imagePullSecrets ?? [])].flatMap(({ name }) => name || []));
    const found = await Promise.all([...names].map((name) => orUndefined(client.resource(secrets).get({ namespace, name }))));
    return found.filter((secret) => secret !== undefined);
  }
}

async function orUndefined<T>(read: Promise<T>): Promise<T | undefined> {
  try {
    return await read;
  } catch (reason) {
    if (isNotFound(reason)) return undefined;
    throw reason;
  }
}

/** What lies behind a failed fetch is its cause. */
function messageOf(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason);
  return reason.cause instanceof Error ? `${reason.message}: ${reason.cause.message}` : reason.message;
}
