/**
 * The seam between accepted bytes and a filter chain: a transport socket turns the one connection into another. Raw
 * bytes need none; a chain without a transport socket is served at once.
 */
import type { Buffer } from 'node:buffer';
import type { Clock, Connection, Logger, Meter, Random, Timers } from '@sluice/kernel';
import type { TlsRegistry } from '../tls/tls-registry.ts';
import type { ConnectionInfo } from './connection-info.ts';

export interface TransportSocket {
  /**
   * Makes a connection ready for its chain, and says so by calling `done` exactly once, also when the connection is lost
   * or destroyed meanwhile. The transport socket sets the connection's handler, and may write into `info` what it has
   * learnt (names, protocols) until it calls `done`.
   * @param firstBytes what has been read of the connection already; undefined: nothing. The memory is the socket's.
   */
  secure(connection: Connection, firstBytes: Buffer | undefined, info: ConnectionInfo, done: SecureDone): void;
}

/** The connection that the chain serves, whose handler is the chain's to set; undefined when there is none: what was there is destroyed by then. */
export type SecureDone = (secured: Connection | undefined) => void;

/** What a transport socket is given when its chain is compiled. */
export interface TransportSocketContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly tls: TlsRegistry;
  /** For names of statistics: the listener's `stat_prefix`, or its address. */
  readonly listenerStatPrefix: string;
  /** Hears of mistakes in the configuration; paths are within the typed config. */
  error(path: string, message: string): void;
}

/** How one kind of transport socket is made of its decoded config. */
export interface TransportSocketFactory {
  /** Type of the config, as in `TransportSocketConfig`. */
  readonly typeName: string;
  create(config: unknown, context: TransportSocketContext): TransportSocket;
}
