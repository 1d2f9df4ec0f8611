/**
 * What a config service says to the proxy itself, beside what it is to serve: metadata of listeners under a key of ours, which the
 * engine has no use for.
 */
import { typeUrls } from '@sluice/resources';
import type { ApplicationFault, ConfigConsumer, ConfigUpdate, RejectedResource } from './config-source.ts';

/** Stands between a config service and a consumer; everything passes as it is. */
export class WatchListenerMetadata implements ConfigConsumer {
  readonly #next: ConfigConsumer;
  readonly #key: string;
  readonly #onMetadata: (metadata: unknown) => void;

  /**
   * @param key of `metadata.filter_metadata`
   * @param onMetadata called with what stands there, whenever a listener comes that has it
   */
  constructor(next: ConfigConsumer, key: string, onMetadata: (metadata: unknown) => void) {
    this.#next = next;
    this.#key = key;
    this.#onMetadata = onMetadata;
  }

  onUpdate(update: ConfigUpdate): readonly RejectedResource[] {
    if (update.typeUrl === typeUrls.listener) for (const { value } of update.changed) this.#look(value);
    return this.#next.onUpdate(update);
  }

  onMissing(typeUrl: string, name: string): void {
    this.#next.onMissing(typeUrl, name);
  }

  inForce(): Promise<readonly ApplicationFault[]> {
    return this.#next.inForce?.() ?? Promise.resolve([]);
  }

  #look(listener: unknown): void {
    const metadata = memberOf(memberOf(memberOf(listener, 'metadata'), 'filter_metadata'), this.#key);
    if (metadata !== undefined) this.#onMetadata(metadata);
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
