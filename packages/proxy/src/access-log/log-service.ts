/** An access log that goes to a service, compiled: how entries are put down, and how a batch of them becomes a request. */
import type { Buffer } from 'node:buffer';
import type { GrpcServiceConfig } from '@sluice/resources';

export interface LogService {
  readonly service: GrpcServiceConfig;
  /** `/package.Service/Method`. */
  readonly method: string;
  readonly flushIntervalMs: number;
  readonly bufferBytesMax: number;
  /** Under which names what was written and lost is counted. */
  readonly counters: { readonly prefix: string; readonly labels: Readonly<Record<string, string>> };
  /** The whole request around entries, each of which is a field of the message that holds them. */
  wrap(entries: Buffer): Buffer;
}
