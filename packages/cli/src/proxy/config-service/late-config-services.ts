/** Config services that are loaded only when a bootstrap asks for them, and after the proxy has begun to serve. */
import type { Logger } from '@sluice/kernel';
import type { ConfigConsumer, ConfigSource } from '@sluice/proxy';
import type { OpenConfigServicesOptions } from './open-config-services.ts';

export class LateConfigServices implements ConfigSource {
  readonly initialised: Promise<void>;
  readonly #options: OpenConfigServicesOptions;
  readonly #begun = Promise.withResolvers<void>();
  #source: ConfigSource | undefined;
  #isStopped = false;

  constructor(options: OpenConfigServicesOptions) {
    this.#options = options;
    this.initialised = this.#begun.promise;
  }

  start(consumer: ConfigConsumer): void {
    this.#start(consumer).catch((error: unknown) => fail(this.#options.logger, error));
  }

  stop(): void {
    this.#isStopped = true;
    this.#source?.stop();
  }

  async #start(consumer: ConfigConsumer): Promise<void> {
    const { openConfigServices } = await import('./open-config-services.ts');
    const source = await openConfigServices(this.#options);
    if (this.#isStopped) return source.stop();
    this.#source = source;
    source.start(consumer);
    await source.initialised;
    this.#begun.resolve();
  }
}

function fail(logger: Logger, error: unknown): void {
  logger.error('config services not opened', { error });
}
