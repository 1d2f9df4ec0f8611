/** Network filters besides the HTTP connection manager: how each kind is read from configuration and made. */
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import type { AccessLog, Scope } from '@sluice/resources';
import type { AccessLogConfig } from '../access-log/access-log-config.ts';
import type { PatternCompiler } from '../router/compile-session.ts';
import type { ConnectionGate } from './connection-gate.ts';
import type { NetworkServerConfig } from './network-server-config.ts';

export interface NetworkFilterContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Compiles regexes, and hears what else is wrong with the configuration. */
  readonly patterns: PatternCompiler;
  /** Compiles access logs; `path` is within the filter's config. */
  compileAccessLogs(logs: readonly AccessLog[], path: string): readonly AccessLogConfig[];
}

/** What a filter is in its chain: something that lets connections pass, or the end that serves them. */
export type NetworkFilterPart =
  | { readonly kind: 'gate'; readonly gate: ConnectionGate }
  | { readonly kind: 'server'; readonly server: NetworkServerConfig };

export interface NetworkFilterFactory<Config = unknown> {
  /** Type of its config, without `type.googleapis.com/`. */
  readonly typeName: string;
  /** Whether it serves connections, and so must be the last of its chain. */
  readonly isTerminal: boolean;
  read(json: unknown, scope: Scope): Config | undefined;
  create(config: Config, context: NetworkFilterContext): NetworkFilterPart;
}

/** Keeps the type of the config inside the factory, so that all kinds fit in one list. */
export function defineNetworkFilter<Config>(factory: NetworkFilterFactory<Config>): NetworkFilterFactory {
  return {
    typeName: factory.typeName,
    isTerminal: factory.isTerminal,
    read: (json, scope) => factory.read(json, scope),
    // What `create` gets is what this factory's own `read` returned.
    create: (config, context) => factory.create(config as Config, context),
  };
}
