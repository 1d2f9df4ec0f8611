/** Carries out the faults of a scenario. */
import type { RunningProcess } from './floor/process-floor.ts';
import type { Mesh } from './mesh.ts';
import type { Fault } from './scenario/fault-plan.ts';

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
    case 'slow-pod':
      mesh.floor.setNextPodMood(fault.service, { kind: 'slow', factor: fault.factor });
  }
  return () => {};
}

function processesOf(mesh: Mesh, component: string): readonly RunningProcess[] {
  return mesh.floor.processes.filter(({ name }) => name === component);
}
