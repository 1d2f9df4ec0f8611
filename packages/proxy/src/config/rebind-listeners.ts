/**
 * Listeners on other addresses than the configuration says. A control plane writes for everybody; where one
 * process shares its network with others (pods of a laptop, a gateway on a chosen port) the process knows better.
 */
import type { ApplicationFault, ConfigConsumer, ConfigUpdate, OfferedResource, RejectedResource } from './config-source.ts';
import { typeUrls } from '@sluice/resources';
import { takeWithoutPathSources } from './refuse-path-sources.ts';

/** What replaces the address of a listener; absent parts stay as they are. */
export interface ListenerBinding {
  readonly host?: string;
  readonly port?: number;
}

/** Stands between a config service and a consumer, and changes what is offered. Names and versions stay. */
export class RebindListeners implements ConfigConsumer {
  readonly #next: ConfigConsumer;
  readonly #bindingOf: (listener: string) => ListenerBinding | undefined;

  constructor(next: ConfigConsumer, bindingOf: (listener: string) => ListenerBinding | undefined) {
    this.#next = next;
    this.#bindingOf = bindingOf;
  }

  onUpdate(update: ConfigUpdate): readonly RejectedResource[] {
    if (update.typeUrl !== typeUrls.listener) return takeWithoutPathSources(update, this.#next);
    return takeWithoutPathSources({ ...update, changed: update.changed.map((listener) => this.#rebind(listener)) }, this.#next);
  }

  onMissing(typeUrl: string, name: string): void {
    this.#next.onMissing(typeUrl, name);
  }

  inForce(): Promise<readonly ApplicationFault[]> {
    return this.#next.inForce?.() ?? Promise.resolve([]);
  }

  /** A listener in a form that is not understood passes as it is: decoding it will say what is wrong. */
  #rebind(offered: OfferedResource): OfferedResource {
    const binding = this.#bindingOf(offered.name);
    const { value } = offered;
    if (!binding || !isObject(value) || !isObject(value['address']) || !isObject(value['address']['socket_address'])) return offered;
    const socketAddress = {
      ...value['address']['socket_address'],
      ...(binding.host === undefined ? {} : { address: binding.host }),
      ...(binding.port === undefined ? {} : { port_value: binding.port }),
    };
    return { ...offered, value: { ...value, address: { ...value['address'], socket_address: socketAddress } } };
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
