/** `envoy.filters.network.connection_limit`: so many connections at once through this chain. */
import type { Counter, Meter } from '@sluice/kernel';
import { MessageReader, type Scope } from '@sluice/resources';
import type { ConnectionGate } from '../connection-gate.ts';
import { defineNetworkFilter } from '../network-filter.ts';
import { readFeatureFlag } from './feature-flag.ts';

export interface ConnectionLimitConfig {
  readonly statPrefix: string;
  readonly connectionsMax: number;
  readonly isEnabled: boolean;
}

export const connectionLimitTypeName = 'envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit';

export const connectionLimitFactory = defineNetworkFilter<ConnectionLimitConfig>({
  typeName: connectionLimitTypeName,
  isTerminal: false,
  read: readConnectionLimit,
  create: (config, { meter }) => ({ kind: 'gate', gate: new ConnectionLimit(config, meter) }),
});

function readConnectionLimit(json: unknown, scope: Scope): ConnectionLimitConfig | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const connectionsMax = reader.integer('max_connections', { min: 1 });
  if (connectionsMax === undefined && !scope.hasErrors) scope.at('max_connections').error('is required');
  const config = {
    statPrefix: reader.requiredString('stat_prefix'),
    connectionsMax: connectionsMax ?? 1,
    isEnabled: reader.read('runtime_enabled', readFeatureFlag) ?? true,
  };
  // A delay before a connection is refused only slows its client down.
  reader.ignore(['delay']);
  reader.done();
  return config;
}

class ConnectionLimit implements ConnectionGate {
  readonly #config: ConnectionLimitConfig;
  readonly #limited: Counter;
  #connections = 0;

  constructor(config: ConnectionLimitConfig, meter: Meter) {
    this.#config = config;
    const labels = { envoy_connection_limit_prefix: config.statPrefix };
    this.#limited = meter.counter('envoy_connection_limit_limited_connections', 'connections refused at the limit', labels);
    meter.observedGauge('envoy_connection_limit_active_connections', 'connections that count', () => this.#connections, labels);
  }

  admit(): boolean {
    const { isEnabled, connectionsMax } = this.#config;
    if (isEnabled && this.#connections >= connectionsMax) {
      this.#limited.add();
      return false;
    }
    this.#connections += 1;
    return true;
  }

  release(): void {
    this.#connections -= 1;
  }
}
