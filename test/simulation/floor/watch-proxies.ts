/** Tells what the proxies of a mesh have in force, each time they say that this has changed, and how full their queues are. */
import { formatAddress } from '@sluice/kernel';
import type { Proxy } from '@sluice/proxy';
import type { Observations } from '../observation.ts';
import type { ProcessFloor } from './process-floor.ts';

export function watchConfigs(floor: ProcessFloor, observations: Observations): void {
  observations.listen((observation) => {
    if (observation.kind !== 'log' || observation.event !== 'config applied') return;
    const { at, process } = observation;
    const proxy = floor.processes.find(({ name }) => name === process)?.component?.proxy;
    if (proxy) observations.tell({ at, kind: 'config applied', process, endpoints: endpointsOf(proxy) });
  });
}

export function tellGauges(floor: ProcessFloor, observations: Observations, at: number): void {
  for (const { name, component } of floor.processes) {
    const gauges = component?.gauges?.() ?? [];
    if (gauges.length > 0) observations.tell({ at, kind: 'gauges', process: name, gauges });
  }
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
