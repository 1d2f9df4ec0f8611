/** Tells what the proxies of a mesh have in force, each time they say that this has changed, and how full their queues are. */
import { formatAddress } from '@sluice/kernel';
import type { Proxy } from '@sluice/proxy';
import type { GaugeReading, Observations } from '../observation.ts';
import type { ProcessFloor } from './process-floor.ts';

export function watchConfigs(floor: ProcessFloor, observations: Observations): void {
  observations.listen((observation) => {
    if (observation.kind !== 'log' || observation.event !== 'config applied') return;
    const { at, process } = observation;
    const proxy = floor.processes.find(({ name }) => name === process)?.component?.proxy;
    if (proxy) observations.tell({ at, kind: 'config applied', process, endpoints: endpointsOf(proxy) });
  });
}

/** Envoy's default limit of a connection's buffer, and a read that may just have come when it was reached. */
const bufferBytesMax = 1_048_576 + 65_536;

export function tellGauges(floor: ProcessFloor, observations: Observations, at: number): void {
  for (const { name, network, component } of floor.processes) {
    if (!component?.proxy) continue;
    const buffered = Math.max(0, ...network.connections.map(({ pendingBytes }) => pendingBytes));
    const gauges = [
      { what: 'bytes buffered for one connection', value: buffered, limit: bufferBytesMax },
      ...pendingRequestsOf(component.proxy),
      ...(component.gauges?.() ?? []),
    ];
    observations.tell({ at, kind: 'gauges', process: name, gauges });
  }
}

function pendingRequestsOf(proxy: Proxy): readonly GaugeReading[] {
  return proxy.clusters().map(({ name, pendingRequests }) => ({
    what: `requests that wait for a connection of ${name}`,
    value: pendingRequests,
    limit: proxy.config?.clusters.get(name)?.pendingRequestsMax ?? 0,
  }));
}

/** All endpoints of all clusters, whatever their health. */
function endpointsOf({ config }: Proxy): ReadonlySet<string> {
  const endpoints = new Set<string>();
  for (const { assignment } of config?.clusters.values() ?? []) {
    for (const locality of assignment?.localities ?? []) {
      for (const { address } of locality.endpoints) endpoints.add(formatAddress(address));
    }
  }
  return endpoints;
}
