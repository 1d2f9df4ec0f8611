/** One process of the mesh as the floor runs it: the production composition of an executable, on a simulated world. */
import type { SimulatedLinks, SimulatedNetworkView } from '@sluice/kernel/testing';
import { KubernetesClient } from '@sluice/kubernetes';
import type { ApiServer, ProcessSpec } from '@sluice/local';

import type { Proxy, RegexEngine } from '@sluice/proxy';
import type { Codec } from '@sluice/xds';
import type { ConfigServiceFabric } from '../network/config-service-fabric.ts';
import { SimulatedKubernetesTransport } from '../network/kubernetes-transport.ts';
import type { GaugeReading, Observations } from '../observation.ts';
import type { Sandbox } from './sandbox.ts';

/** What all processes share. */
export interface World {
  readonly server: ApiServer;
  readonly links: SimulatedLinks;
  readonly fabric: ConfigServiceFabric;
  readonly codec: Codec;
  readonly regexEngine: RegexEngine;
  readonly observations: Observations;
}

/** What one process is given. */
export interface ComponentContext {
  readonly world: World;
  readonly sandbox: Sandbox;
  readonly network: SimulatedNetworkView;
  readonly spec: ProcessSpec;
  /** The command line after the program. */
  readonly flags: readonly string[];
}

export interface Component {
  start(): Promise<void>;
  /** What SIGTERM leads to; fulfils when the process would exit. */
  stop(): Promise<void>;
  /** The engine in it, where there is one. */
  readonly proxy?: Proxy;
  /** What is held for requests: must be 0 at rest. */
  held?(): ReadonlyMap<string, number>;
  /** How full things with a limit are. */
  gauges?(): readonly GaugeReading[];
}

/** Makes the component; throws when its settings are wrong, as its `main.ts` would exit. */
export type ComponentMaker = (context: ComponentContext) => Component | Promise<Component>;

/** The API, as this process reaches it. */
export function connectToApi({ world, sandbox }: ComponentContext, fieldManager: string): KubernetesClient {
  return new KubernetesClient({ transport: new SimulatedKubernetesTransport(world.server, world.links, sandbox), fieldManager });
}

/** The value, or an error with all problems: what an executable prints before it exits. */
export function settingsOf<T>(read: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problems: readonly { readonly message: string; readonly path: string }[] }): T {
  if (read.ok) return read.value;
  throw new Error(read.problems.map(({ path, message }) => `${path} ${message}`).join('; '));
}
