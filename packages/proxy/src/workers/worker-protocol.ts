/**
 * What the main thread and its workers say to each other. Everything is plain data. The main thread owns the configuration
 * and decides; a worker compiles what it is given and serves.
 */
import type { LogFields, MetricFamily, Problem, Span } from '@sluice/kernel';
import type { ResourceKind } from '../config/config-resource.ts';
import type { ClusterLoad, LoadQuery } from '../upstream/cluster-load.ts';
import type { ClusterStatus, DrainOptions, ListenerStatus, StopAcceptingOptions } from '../proxy-options.ts';

/** A resource on its way to a worker, which decodes it as the main thread has done. */
export interface WireResource {
  readonly kind: ResourceKind;
  readonly name: string;
  readonly version: string;
  readonly json: unknown;
}

/** What is different from what the worker has. */
export interface WireChange {
  /** Of the whole configuration once this is applied. */
  readonly version: string;
  readonly changed: readonly WireResource[];
  readonly removed: readonly { readonly kind: ResourceKind; readonly name: string }[];
  /** Ports in place of 0, by listener and address: all workers must have the same. */
  readonly ports: Readonly<Record<string, number>>;
}

/** What is asked of a worker and answered under its `id`. */
export type WorkerRequest =
  | { readonly kind: 'apply'; readonly change: WireChange }
  | { readonly kind: 'collect' }
  | { readonly kind: 'take-load'; readonly query: LoadQuery }
  | { readonly kind: 'stop-accepting'; readonly options: StopAcceptingOptions }
  | { readonly kind: 'drain'; readonly options: DrainOptions }
  | { readonly kind: 'close' };

export type ToWorker =
  | { readonly kind: 'ask'; readonly id: number; readonly request: WorkerRequest }
  | { readonly kind: 'measure-load'; readonly query: LoadQuery }
  | { readonly kind: 'fail-health-checks'; readonly isFailing: boolean }
  | { readonly kind: 'override-runtime'; readonly changes: ReadonlyMap<string, string> }
  | { readonly kind: 'log-debug'; readonly isWanted: boolean };

/** A worker's numbers at one moment. */
export interface WorkerReport {
  readonly families: readonly MetricFamily[];
  readonly listeners: readonly ListenerStatus[];
  readonly clusters: readonly ClusterStatus[];
  readonly activeStreams: number;
  readonly activeTunnels: number;
  readonly activeConnections: number;
}

export type WorkerAnswer =
  | { readonly kind: 'applied'; readonly problems: readonly Problem[] }
  | { readonly kind: 'collected'; readonly report: WorkerReport }
  | { readonly kind: 'load'; readonly loads: readonly ClusterLoad[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: WorkerAnswer }
  | { readonly kind: 'span'; readonly span: Span }
  | { readonly kind: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly event: string; readonly fields: LogFields };

/** How the ports of a change are called. */
export function portKey(listener: string, addressIndex: number): string {
  return `${addressIndex} ${listener}`;
}
