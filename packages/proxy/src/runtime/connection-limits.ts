/** The runtime keys that limit connections of clients, as Envoy has them. */
import type { Runtime } from './runtime.ts';

/** Of one listener, in place of the usual limit. */
export function listenerConnectionLimit(runtime: Runtime | undefined, listener: string): number | undefined {
  return limitOf(runtime, `envoy.resource_limits.listener.${listener}.connection_limit`);
}

/** Of the whole process, where no overload manager says otherwise. */
export function globalConnectionLimit(runtime: Runtime | undefined): number | undefined {
  return limitOf(runtime, 'overload.global_downstream_max_connections');
}

function limitOf(runtime: Runtime | undefined, key: string): number | undefined {
  const limit = runtime?.number(key, Number.NaN)();
  return limit === undefined || Number.isNaN(limit) ? undefined : limit;
}
