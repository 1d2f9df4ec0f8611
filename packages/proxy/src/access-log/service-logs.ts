/**
 * Where batches of log entries go that are for services: one call for each, through a cluster of the proxy. Envoy keeps one
 * stream open; a call that ends says whether its entries have been taken.
 */
import type { Buffer } from 'node:buffer';
import type { Logger, Meter } from '@sluice/kernel';
import { callUnary } from '../grpc/grpc-unary.ts';
import type { AccessLogOutput } from '../proxy-options.ts';
import type { AsyncClient } from '../upstream/async-client.ts';
import type { LogService } from './log-service.ts';

/** Calls of one proxy that wait for their answers; entries on top are dropped. Chosen: a megabyte of usual batches. */
const callsMax = 64;

export interface ServiceLogsOptions {
  readonly meter: Meter;
  readonly logger: Logger;
  /** Asked when the first batch leaves: logs are there before clusters are. */
  readonly client: () => AsyncClient;
}

export class ServiceLogs {
  readonly #options: ServiceLogsOptions;
  #calls = 0;
  /** Told once until a batch has been taken again. */
  #hasFailed = false;

  constructor(options: ServiceLogsOptions) {
    this.#options = options;
  }

  open(log: LogService): AccessLogOutput {
    const { prefix, labels } = log.counters;
    const written = this.#options.meter.counter(`${prefix}_logs_written`, 'entries of access logs that their service has taken', labels);
    const dropped = this.#options.meter.counter(`${prefix}_logs_dropped`, 'entries of access logs that were lost', labels);
    return {
      write: (entries) => {
        const count = countEntries(entries);
        if (this.#calls >= callsMax) return dropped.add(count);
        this.#send(log, entries, (isTaken) => (isTaken ? written : dropped).add(count));
      },
    };
  }

  #send({ service, method, wrap }: LogService, entries: Buffer, onDone: (isTaken: boolean) => void): void {
    this.#calls += 1;
    const { clusterName, authority, timeoutMs, metadata } = service;
    callUnary(this.#options.client(), { clusterName, authority, path: method, message: wrap(entries), timeoutMs, metadata, mayBeSilent: true }, (result) => {
      this.#calls -= 1;
      const isTaken = result.kind === 'ok';
      if (!isTaken && !this.#hasFailed) this.#options.logger.warn('access log not taken', { cluster: clusterName, reason: result.reason });
      this.#hasFailed = !isTaken;
      onDone(isTaken);
    });
  }
}

/** They stand one behind the other, each as a tag of one byte, its length and its bytes. */
export function countEntries(entries: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < entries.length; count += 1) {
    at += 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = entries[at] ?? 0;
      at += 1;
      length += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    at += length;
  }
  return count;
}
