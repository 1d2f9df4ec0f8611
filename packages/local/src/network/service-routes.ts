/** Keeps the node's rules in step with Services and the pods behind them. */
import type { Clock, Logger, Random, Timers } from '@sluice/kernel';
import { endpointSlices, Informer, services, type EndpointSlice, type KubernetesClient, type Service } from '@sluice/kubernetes';
import { runCommand } from './run-command.ts';
import { serviceRules } from './service-rules.ts';

export interface ServiceRoutesOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Puts rules in force. Default: `nft`. */
  readonly write?: (rules: string) => Promise<unknown>;
}

export class ServiceRoutes {
  readonly services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #options: ServiceRoutesOptions;
  #written = '';
  #writing: Promise<void> | undefined;
  #stopped = false;

  constructor(options: ServiceRoutesOptions) {
    this.#options = options;
    this.services = new Informer({ ...options, kind: services });
    this.#slices = new Informer({ ...options, kind: endpointSlices });
  }

  /** For names: the slices it follows anyway. */
  get slices(): Informer<EndpointSlice>['store'] {
    return this.#slices.store;
  }

  async start(): Promise<void> {
    for (const informer of [this.services, this.#slices]) informer.start();
    await Promise.all([this.services.whenSynced(), this.#slices.whenSynced()]);
    this.services.subscribe(() => this.#bringUp());
    this.#slices.subscribe(() => this.#bringUp());
    this.#bringUp();
    await this.#writing;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.services.stop(), this.#slices.stop()]);
    await this.#writing;
  }

  /** What changes while rules are written is in the next ones. */
  #bringUp(): void {
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
  }

  async #write(): Promise<void> {
    const { write = (rules: string) => runCommand(['nft', '-f', '-'], rules), logger } = this.#options;
    // What else happens in this turn goes into the same rules.
    await undefined;
    for (let rules = this.#rules(); rules !== this.#written && !this.#stopped; rules = this.#rules()) {
      this.#written = rules;
      await write(rules).catch((error: unknown) => logger.error('rules of Services not written', { error }));
    }
  }

  #rules(): string {
    return serviceRules(this.services.store.list(), this.#slices.store.list());
  }
}
