/**
 * Listener filters: they look at the first bytes of a connection before anybody serves it, and write into its
 * `ConnectionInfo` what they see. A filter object serves all connections of its listener and remembers nothing.
 */
import type { Buffer } from 'node:buffer';
import type { Clock, Logger, Meter } from '@sluice/kernel';
import type { Scope } from '@sluice/resources';
import type { ConnectionInfo } from '../connection-info.ts';

export interface ListenerFilter {
  /**
   * Looks at what has come so far, from the first byte that no filter before it has consumed.
   * @returns `needsMore`, `refusesConnection`, or how many bytes are consumed: 0 for those who only look
   */
  inspect(bytes: Buffer, info: ConnectionInfo): number;
  /** Bytes that must be enough for it; when they are not, the connection is closed. */
  readonly bytesMax: number;
  /** The connection has ended, or its time is up, while this filter wanted more. */
  onGivenUp?(reason: 'closed' | 'timeout' | 'too-large'): void;
}

export const needsMore = -1;
export const refusesConnection = -2;

export interface ListenerFilterContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** How one kind of listener filter is read from configuration and made. */
export interface ListenerFilterFactory<Config = unknown> {
  /** Type of its config, without `type.googleapis.com/`. */
  readonly typeName: string;
  read(json: unknown, scope: Scope): Config | undefined;
  create(config: Config, context: ListenerFilterContext): ListenerFilter;
}

/** Keeps the type of the config inside the factory, so that all kinds fit in one list. */
export function defineListenerFilter<Config>(factory: ListenerFilterFactory<Config>): ListenerFilterFactory {
  return {
    typeName: factory.typeName,
    read: (json, scope) => factory.read(json, scope),
    // What `create` gets is what this factory's own `read` returned.
    create: (config, context) => factory.create(config as Config, context),
  };
}
