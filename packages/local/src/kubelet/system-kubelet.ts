/** The kubelet on the real machine: processes, loopback addresses, sockets and files put together. */
import os from 'node:os';
import { join } from 'node:path';
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import type { KubernetesClient } from '@sluice/kubernetes';
import type { PodLogs } from '../api-server/pod-logs.ts';
import { FileLogStore } from './file-log-store.ts';
import { SystemNetworkIsolation } from './isolation/system-network-isolation.ts';
import type { NodeNetwork } from '../network/node-network.ts';
import { PodAddressAllocator } from '../network/pod-address-allocator.ts';
import { Kubelet, type KubeletOptions } from './kubelet.ts';
import { createPodLogs } from './pod-logs.ts';
import type { AddressMode } from './port-allocator.ts';
import type { RestartBackoffOptions } from './restart-backoff.ts';
import type { ImagePrograms } from './sandbox/image-programs.ts';
import { SystemPodSandboxes } from './sandbox/system-pod-sandboxes.ts';
import { SystemImageRuntime } from './system-image-runtime.ts';
import { SystemPortAllocator } from './system-port-allocator.ts';
import { systemProbeTransport } from './system-probe-transport.ts';
import { SystemProcessRunner } from './system-process-runner.ts';
import type { ProgramAhead } from './started-ahead.ts';
import type { TimelineListener } from './timeline.ts';

export interface SystemKubeletOptions {
  readonly client: KubernetesClient;
  /** Where logs and the record of processes are kept. One kubelet at a time may use it. */
  readonly folder: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** The environment of which containers get a part: see `inheritedVariables`. Usually `process.env`. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What every container gets beside that, KUBECONFIG say. */
  readonly extraEnvironment?: Readonly<Record<string, string>>;
  /** Where programs start that name no working directory, and where relative ones begin. Default: this process's own. */
  readonly programFolder?: string;
  /** The Node's name. Default `local`. */
  readonly nodeName?: string;
  /** Default: an address per pod where the machine has such addresses. */
  readonly addressMode?: AddressMode;
  /** Images that are run as programs of this machine. Default: none. */
  readonly programs?: ImagePrograms;
  /** Pods with a network each, by a node that has been set up for them. Default: they run among the machine's own programs. */
  readonly podNetworks?: PodNetworks;
  /** Address of the node. Default 127.0.0.1. */
  readonly nodeAddress?: string;
  readonly backoff?: RestartBackoffOptions;
  readonly onTimeline?: TimelineListener;
  /** See `KubeletOptions`. */
  readonly lull?: KubeletOptions['lull'];
}

export interface PodNetworks {
  readonly network: NodeNetwork;
  /** Address of the cluster's DNS. */
  readonly dns: string;
  /** Of the API server, in PEM; pods are given tokens then. */
  readonly rootAuthority?: string;
}

export interface SystemKubelet {
  readonly kubelet: Kubelet;
  /** For the API server, which answers `kubectl logs` from it. */
  readonly podLogs: PodLogs;
  /** One process of this program is kept started from now on, for the next pod that has it: see `started-ahead.ts`. */
  keepAhead(argv: ProgramAhead['argv']): void;
}

/**
 * Variables a program needs to find its tools and its language on a developer's machine. Everything else of the
 * shell stays out, as it would in a container.
 */
export const inheritedVariables: readonly string[] = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'];

const architectures: Readonly<Record<string, string>> = { x64: 'amd64' };

export function createSystemKubelet(options: SystemKubeletOptions): SystemKubelet {
  const { client, folder, clock, timers, random, logger, meter, environment, podNetworks } = options;
  const logs = new FileLogStore({ folder: join(folder, 'logs'), clock, timers, logger, meter });
  const inherited = inheritedVariables.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]] as const]));
  const baseEnvironment = { ...Object.fromEntries(inherited), ...options.extraEnvironment };
  const runner = new SystemProcessRunner({
    recordsPath: join(folder, 'processes.json'),
    timers,
    logger,
    platform: process.platform,
    programFolder: options.programFolder ?? process.cwd(),
  });
  const kubelet = new Kubelet({
    client,
    clock,
    timers,
    random,
    logger,
    meter,
    logs,
    probes: systemProbeTransport,
    images: new SystemImageRuntime({ clock, platform: process.platform, path: environment.PATH ?? '' }),
    isolation: new SystemNetworkIsolation({
      timers,
      logger,
      platform: process.platform,
      path: environment.PATH ?? '',
      compileCache: join(folder, 'compile-cache'),
    }),
    runner,
    allocator: podNetworks
      ? new PodAddressAllocator()
      : new SystemPortAllocator({
          random,
          timers,
          preferredBlock: blockOf(folder),
          ...(options.addressMode === undefined ? {} : { mode: options.addressMode }),
        }),
    ...(podNetworks
      ? {
          sandboxes: {
            ...podNetworks,
            sandboxes: new SystemPodSandboxes({ ...podNetworks, folder: join(folder, 'sandboxes') }),
            folder: join(folder, 'volumes'),
          },
        }
      : {}),
    ...(options.programs === undefined ? {} : { programs: options.programs }),
    node: {
      name: options.nodeName ?? 'local',
      address: options.nodeAddress ?? '127.0.0.1',
      operatingSystem: process.platform,
      architecture: architectures[process.arch] ?? process.arch,
      cpuCount: os.availableParallelism(),
      memoryBytes: os.totalmem(),
    },
    baseEnvironment,
    ...(options.backoff === undefined ? {} : { backoff: options.backoff }),
    ...(options.onTimeline === undefined ? {} : { onTimeline: options.onTimeline }),
    ...(options.lull === undefined ? {} : { lull: options.lull }),
  });
  return { kubelet, podLogs: createPodLogs(logs), keepAhead: (argv) => runner.keepAhead({ argv, env: baseEnvironment }) };
}

/** The same folder asks for the same block of addresses first, so that pods keep theirs over a restart. */
function blockOf(folder: string): number {
  let hash = 0;
  for (const character of folder) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 254;
  return hash + 1;
}
