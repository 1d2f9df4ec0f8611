/** What filters ask for what is missing: `config/demands.ts` is one who answers. */
import type { ConfigSource } from '@sluice/resources';

/** Something that a source is asked for by name. */
export interface Demand {
  readonly typeUrl: string;
  readonly name: string;
  readonly source: ConfigSource;
}

/** A demand of a request. */
export interface RequestDemand extends Demand {
  /** Of a virtual host: the table that it is to be in, and the host that is looked for. Absent: a cluster. */
  readonly host?: { readonly table: string; readonly name: string };
  /** How long it may be waited for, in ms. */
  readonly timeoutMs: number;
}

export interface DemandSide {
  /** Whether there is one of this name in the configuration in force. */
  hasCluster(name: string): boolean;
  /** @param done told once, maybe from within the call. Returns how to be told no more. */
  request(demand: RequestDemand, done: () => void): () => void;
}

/** Where nobody can be asked. */
export const noDemands: DemandSide = {
  hasCluster: () => true,
  request(_demand, done) {
    done();
    return () => {};
  },
};
