/** Carries out the faults of a scenario. */
import { routeConfigurationNames } from '@sluice/translator';
import { messageNameOf, typeUrls, type DiscoveryResponse } from '@sluice/xds';
import type { RunningProcess } from './floor/process-floor.ts';
import type { Mesh } from './mesh.ts';
import type { Fault } from './scenario/fault-plan.ts';

/** The version that a bad push claims. */
export const badVersion = 'bad';

/** Begins a fault. What is returned ends it; for what is done in a moment it does nothing. */
export function applyFault(mesh: Mesh, fault: Fault): () => void {
  const { links, fabric } = mesh.world;
  switch (fault.kind) {
    case 'kill':
      for (const process of processesOf(mesh, fault.component)) mesh.floor.kill(process);
      break;
    case 'cut-streams':
      fabric.cut(fault.component);
      break;
    case 'cut-watches':
      for (const process of processesOf(mesh, fault.component)) process.sandbox.breakWatches();
      break;
    case 'partition':
      links.setIsolated(fault.component, true);
      return () => links.setIsolated(fault.component, false);
    case 'latency':
      links.setAddedDelay(fault.component, fault.addedMs);
      return () => links.setAddedDelay(fault.component, 0);
    case 'kill-pod': {
      const [victim] = mesh.floor.processes.filter(
        ({ spec }) => spec.identity.container === fault.container && spec.identity.pod.startsWith(`${fault.service}-`),
      );
      if (victim) mesh.floor.kill(victim);
      break;
    }
    case 'failing-pod':
      mesh.floor.setNextPodMood(fault.service, { kind: 'failing' });
      break;
    case 'bad-push':
      fabric.inject(fault.component, badPush(mesh, fault));
      break;
    case 'slow-pod':
      mesh.floor.setNextPodMood(fault.service, { kind: 'slow', factor: fault.factor });
  }
  return () => {};
}

/** Routes that the proxy has asked for, and cannot use. */
function badPush({ world }: Mesh, { component, how }: Extract<Fault, { kind: 'bad-push' }>): DiscoveryResponse {
  const routes = {
    name: component === 'gateway' ? routeConfigurationNames.external : routeConfigurationNames.activator,
    // A virtual host without a domain could never match.
    virtual_hosts: [{ name: 'bad', domains: [] }],
  };
  const encoded = world.codec.encode(messageNameOf(typeUrls.routeConfiguration), routes);
  const value = how === 'resource' && encoded.ok ? encoded.value : new Uint8Array([0xff, 0xff, 0xff]);
  return { typeUrl: typeUrls.routeConfiguration, versionInfo: badVersion, nonce: `bad at ${world.links.time.now()}`, resources: [{ typeUrl: typeUrls.routeConfiguration, value }] };
}

function processesOf(mesh: Mesh, component: string): readonly RunningProcess[] {
  return mesh.floor.processes.filter(({ name }) => name === component);
}
