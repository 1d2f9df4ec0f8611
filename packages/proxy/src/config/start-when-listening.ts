/**
 * Starts a proxy once it listens. Clusters come before listeners, so what has been applied first is nothing to serve with yet: whoever heard then that the proxy is ready
 * would send requests to a port where nobody listens.
 */
import type { ConfigApplier } from './config-applier.ts';
import type { ApplicationFault, ConfigConsumer, ConfigUpdate, RejectedResource } from './config-source.ts';

/** Stands between a config service and an applier; everything passes as it is. */
export class StartWhenListening implements ConfigConsumer {
  readonly #applier: Pick<ConfigApplier, 'applied' | 'inForce' | 'onMissing' | 'onUpdate' | 'whenWarm'>;
  readonly #proxy: { start(): void };
  #hasStarted = false;

  constructor(applier: Pick<ConfigApplier, 'applied' | 'inForce' | 'onMissing' | 'onUpdate' | 'whenWarm'>, proxy: { start(): void }) {
    this.#applier = applier;
    this.#proxy = proxy;
  }

  onUpdate(update: ConfigUpdate): readonly RejectedResource[] {
    const rejected = this.#applier.onUpdate(update);
    this.#lookWhenWarm();
    return rejected;
  }

  onMissing(typeUrl: string, name: string): void {
    this.#applier.onMissing(typeUrl, name);
    this.#lookWhenWarm();
  }

  inForce(): Promise<readonly ApplicationFault[]> {
    return this.#applier.inForce();
  }

  #lookWhenWarm(): void {
    // A failed application is told by the applier; the next update looks again.
    if (!this.#hasStarted) this.#look().catch(() => {});
  }

  async #look(): Promise<void> {
    await this.#applier.whenWarm();
    if (this.#hasStarted || (this.#applier.applied?.listeners.size ?? 0) === 0) return;
    this.#hasStarted = true;
    this.#proxy.start();
  }
}
