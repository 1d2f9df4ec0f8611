/** The floor of a kubelet on simulated time, and pods for it. */
import { silentLogger } from '@sluice/kernel';
import { SimulatedTime } from '@sluice/kernel/testing';
import type { Pod } from '@sluice/kubernetes';
import { FakePortAllocator } from '../../testing/fake-port-allocator.ts';
import { FakeProcessRunner, type FakeProgram } from '../../testing/fake-process-runner.ts';
import { MemoryLogStore } from '../../testing/memory-log-store.ts';
import { RecordingKubeletApi } from '../../testing/recording-kubelet-api.ts';
import { ScriptedProbeTransport } from '../../testing/scripted-probe-transport.ts';
import { FixedPorts } from '../fixed-ports.ts';
import { noImageRuntime } from '../image-runtime.ts';
import { noNetworkIsolation, type NetworkIsolation } from '../isolation/network-isolation.ts';
import { PodWorker } from '../pod-worker.ts';
import { Lull } from '../../lull/lull.ts';
import type { AddressMode } from '../port-allocator.ts';
import type { ImagePrograms } from '../sandbox/image-programs.ts';
import type { SandboxSettings } from '../sandbox/sandboxed-pod.ts';

/** Pods that have more of their own. */
export interface Inside {
  readonly sandboxes?: SandboxSettings;
  readonly programs?: ImagePrograms;
  readonly mode?: AddressMode;
}

/** Runs for ever, and listens where it is told. */
export const server: FakeProgram = ({ spec, listen }) => {
  listen(Number(spec.env.PORT));
};

/** A pod of one container that runs `server`, unless told otherwise. */
export function podOf(spec: Partial<Pod['spec']>, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'hello-abcde', namespace: 'default', uid: 'uid-1', labels: { app: 'hello' }, ...metadata },
    spec: { containers: [{ name: 'app', command: ['server'] }], ...spec },
  };
}

/**
 * Everything under pod workers, in memory.
 *
 * @param programs by the first word of their command
 */
export function kubeletFloor(programs: Record<string, FakeProgram>, isolation: NetworkIsolation = noNetworkIsolation, inside: Inside = {}) {
  const time = new SimulatedTime();
  const runner = new FakeProcessRunner({ timers: time, programFor: ({ argv }) => programs[argv[0]] });
  const transport = new ScriptedProbeTransport();
  const allocator = new FakePortAllocator(inside.mode);
  const logs = new MemoryLogStore(time);
  const fixedPorts = new FixedPorts();
  const events: string[] = [];
  const timeline: string[] = [];
  const lull = new Lull(time);
  const start = (pod: Pod) => {
    const api = new RecordingKubeletApi();
    const worker = new PodWorker(pod, {
      nodeName: 'local',
      hostAddress: '127.0.0.1',
      floor: { clock: time, timers: time, runner, transport },
      api,
      allocator,
      images: noImageRuntime,
      programs: inside.programs ?? (() => undefined),
      sandboxes: inside.sandboxes,
      fixedPorts,
      isolation,
      logs,
      events: { record: (_about, _type, reason, message) => events.push(`${reason}: ${message}`) },
      baseEnvironment: { PATH: '/bin' },
      backoff: {},
      logger: silentLogger,
      onTimeline: (_pod, phase) => timeline.push(`${phase} at ${time.now()}`),
      lull,
    });
    void worker.start();
    return { api, worker };
  };
  const condition = (api: RecordingKubeletApi, type: string) => api.status?.conditions?.find((found) => found.type === type);
  return { time, runner, transport, allocator, logs, events, timeline, lull, start, condition };
}
