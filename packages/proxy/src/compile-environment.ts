/** What compiling a configuration needs besides the resources: who we are, what the runtime says, and other sources of text. */
import { createSeededRandom, type Address, type Random } from '@sluice/kernel';
import type { Passthrough } from '@sluice/resources';
import { inlineSources, type DataSources } from './data-sources.ts';
import { Runtime } from './runtime/runtime.ts';
import type { OperatorContext } from './substitution/format-source.ts';

export interface CompileEnvironment {
  readonly node: ProxyIdentity;
  readonly runtime: Runtime;
  readonly sources: DataSources;
  readonly random: Random;
  /** `%HOSTNAME%`; empty where it is not known. */
  readonly hostName: string;
  /** The way to hosts of passthrough routes. Absent: such routes are refused. */
  readonly passthrough?: PassthroughPeers;
}

/** Who answers for hosts outside the mesh: each is the only host of a cluster of its own. */
export interface PassthroughPeers {
  /** Gives the name of the cluster. The same settings give the same one. */
  open(settings: Passthrough): string;
  /** By name of the cluster. */
  readonly addresses: ReadonlyMap<string, Address>;
}

/** What a proxy calls itself towards others. */
export interface ProxyIdentity {
  readonly id: string;
  readonly cluster: string;
}

/** For configurations that stand by themselves: nobody in particular, no runtime, no files. */
export function createPlainEnvironment(): CompileEnvironment {
  return { node: { id: '', cluster: '' }, runtime: new Runtime(), sources: inlineSources, random: createSeededRandom(1), hostName: '' };
}

/** What operators of format strings need of it. */
export function operatorContextOf({ hostName, sources }: CompileEnvironment): OperatorContext {
  return {
    hostName,
    variable(name) {
      try {
        return sources.read({ kind: 'environment', variable: name });
      } catch {
        return undefined;
      }
    },
  };
}
