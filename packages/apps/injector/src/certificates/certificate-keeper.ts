/**
 * Keeps certificates good: reads the Secret, makes what it lacks before that is missed, and writes the authorities into the webhook
 * configurations. Every replica does so. None leads: whoever writes second finds another version of the object and takes what the first has made.
 */
import type { Clock, Logger, Meter, Timer, Timers } from '@sluice/kernel';
import { isConflict, isInvalid, secrets, type Informer, type KubernetesClient, type ObjectReference, type Secret } from '@sluice/kubernetes';
import { bundleOf, defaultCertificateTimes, planCertificates, servedPair, type CertificateData, type CertificateTimes } from './certificate-plan.ts';
import { issueCertificate, makeAuthority, type KeyPair } from './issue.ts';
import type { TrustBundles } from './trust-bundles.ts';

export interface CertificateKeeperOptions {
  readonly client: KubernetesClient;
  readonly secret: Required<ObjectReference>;
  /** Of that Secret alone. */
  readonly cache: Informer<Secret>;
  /** Absent: somebody else makes the certificates and has them trusted (cert-manager); they are only read. */
  readonly bundles: TrustBundles | undefined;
  /** DNS names under which API servers call. */
  readonly names: readonly string[];
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly times?: CertificateTimes;
  /** A pair to serve with from now on. */
  readonly onPair: (pair: KeyPair) => void;
}

/** The longest between two looks, in ms: clocks are set, and machines sleep. */
const lookEveryMs = 10 * 60_000;
/** After something went wrong, in ms. */
const retryMs = 5000;
/** After another replica was quicker, in ms: its change is on its way here. */
const overtakenMs = 200;

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #times: CertificateTimes;
  #served = '';
  #next: Timer | undefined;
  #isBusy = false;
  #isStale = false;
  #isStopped = false;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#times = options.times ?? defaultCertificateTimes;
    options.cache.subscribe(() => this.look());
    options.bundles?.subscribe(() => this.look());
  }

  /** Whether there is a pair to serve with, and API servers have been told to trust it. */
  get isReady(): boolean {
    const { bundles } = this.#options;
    return this.#served !== '' && (bundles === undefined || bundles.isWritten);
  }

  stop(): void {
    this.#isStopped = true;
    this.#next?.cancel();
  }

  /** Looks whether there is something to do, and does it: one thing after another, and once more if something changed meanwhile. */
  look(): void {
    if (this.#isBusy) {
      this.#isStale = true;
      return;
    }
    const { cache, bundles } = this.#options;
    if (this.#isStopped || !cache.hasSynced || bundles?.hasSynced === false) return;
    this.#isBusy = true;
    this.#next?.cancel();
    void this.#run();
  }

  async #run(): Promise<void> {
    const inMs = await this.#step();
    this.#isBusy = false;
    if (this.#isStopped) return;
    if (!this.#isStale) this.#next = this.#options.timers.after(Math.min(Math.max(inMs, 0), lookEveryMs), () => this.look());
    else {
      this.#isStale = false;
      this.look();
    }
  }

  /** Gives when to look again, in ms. */
  async #step(): Promise<number> {
    const { cache, secret, clock, bundles, names, logger, meter } = this.#options;
    const key = `${secret.namespace}/${secret.name}`;
    const found = cache.store.get(key);
    if (!found) {
      logger.warn('certificate secret missing', { secret: key });
      return retryMs;
    }
    const nowMs = clock.wallTime();
    const data = textsOf(found);
    this.#serve(data, nowMs);
    if (!bundles) return lookEveryMs;
    try {
      const bundle = bundleOf(data, nowMs);
      if (bundle !== '') await bundles.write(bundle, nowMs);
      const trustedInMs = bundle === '' ? 0 : bundles.trustedInMs(this.#times.settleMs);
      const plan = planCertificates({ data, names, nowMs, isTrusted: trustedInMs <= 0, times: this.#times });
      if (plan.kind === 'rest') return trustedInMs > 0 ? Math.min(trustedInMs, plan.untilMs - nowMs) : plan.untilMs - nowMs;
      await this.#write(found, await this.#make(plan.kind, data, nowMs));
      meter.counter('sluice_certificates_made_total', 'Certificates made for webhooks.', { kind: plan.kind === 'issue' ? 'leaf' : 'authority' }).add(1);
      logger.info('certificate made', { kind: plan.kind === 'issue' ? 'leaf' : 'authority' });
      // The rest follows when the watch tells of it.
      return retryMs;
    } catch (error) {
      // Another replica was quicker, which is as good.
      if (isConflict(error) || isInvalid(error)) return overtakenMs;
      logger.error('certificates failed', { error });
      return retryMs;
    }
  }

  #serve(data: CertificateData, nowMs: number): void {
    const pair = servedPair(data, this.#options.names, nowMs);
    if (!pair || pair.certificate === this.#served) return;
    this.#served = pair.certificate;
    this.#options.onPair(pair);
  }

  async #make(kind: 'make-authority' | 'issue', data: CertificateData, nowMs: number): Promise<CertificateData> {
    const { names } = this.#options;
    if (kind === 'issue') {
      const authority = { certificate: data['ca.crt'] ?? '', key: data['ca.key'] ?? '' };
      const leaf = await issueCertificate(authority, names, nowMs, this.#times.leafLifetimeMs);
      return { ...data, 'tls.crt': leaf.certificate, 'tls.key': leaf.key };
    }
    const authority = await makeAuthority(`sluice webhooks ${new Date(nowMs).toISOString().slice(0, 19)}Z`, nowMs, this.#times.authorityLifetimeMs);
    return { ...data, 'ca.crt': authority.certificate + bundleOf(data, nowMs), 'ca.key': authority.key };
  }

  /** @throws ApiError 409 when the Secret is no longer the one that was read */
  async #write(found: Secret, data: CertificateData): Promise<void> {
    const encoded = Object.fromEntries(Object.entries(data).map(([name, text]) => [name, Buffer.from(text).toString('base64')]));
    await this.#options.client.resource(secrets).update({ ...found, data: { ...found.data, ...encoded } });
  }
}

function textsOf({ data = {} }: Secret): CertificateData {
  const names = ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'] as const;
  return Object.fromEntries(names.flatMap((name) => (data[name] === undefined ? [] : [[name, Buffer.from(data[name], 'base64').toString('utf8')]])));
}
