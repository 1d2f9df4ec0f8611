/**
 * Weights that follow from what hosts report: a host that serves many requests with little utilization is worth more.
 * https://github.com/grpc/proposal/blob/master/A58-client-side-weighted-round-robin-lb-policy.md, whose rules Envoy has, too.
 */
import type { Host } from '../host.ts';
import type { LoadReport } from './load-report.ts';

export interface ReportedWeightsSettings {
  /** So long after its first report a host still counts like the others, in ms: first numbers say little. Default 10 000. */
  readonly blackoutMs: number;
  /** A host that has been silent for so long counts like the others again, in ms. Default 180 000. */
  readonly expirationMs: number;
  /** How often weights are worked out anew, in ms. Default 1000, at least 100. */
  readonly updatePeriodMs: number;
  /** How much errors count as utilization. Default 1. */
  readonly errorPenalty: number;
  /** Where the application does not name its utilization: the greatest of these (`named_metrics.x`, …), else that of its CPU. */
  readonly metricNames: readonly string[];
}

interface WeightRecord {
  /** From its last report. */
  weight: number;
  /** When reports began. */
  since: number;
  updatedAt: number;
}

export class ReportedWeights {
  readonly #settings: ReportedWeightsSettings;
  readonly #records = new WeakMap<Host, WeightRecord>();
  /** In force since the last update. */
  #weights = new Map<Host, number>();
  #updateAt = Number.NEGATIVE_INFINITY;

  constructor(settings: ReportedWeightsSettings) {
    this.#settings = settings;
  }

  observe(host: Host, report: LoadReport, now: number): void {
    const weight = this.#weightFrom(report);
    if (weight === undefined) return;
    const record = this.#records.get(host);
    if (!record) {
      this.#records.set(host, { weight, since: now, updatedAt: now });
      return;
    }
    // Who has been silent too long begins anew.
    if (now - record.updatedAt >= this.#settings.expirationMs) record.since = now;
    record.weight = weight;
    record.updatedAt = now;
  }

  /** Whether the time has come to work weights out anew for these hosts; they are then in force. */
  update(hosts: readonly Host[], now: number): boolean {
    if (now < this.#updateAt) return false;
    this.#updateAt = now + this.#settings.updatePeriodMs;
    const known = hosts.map((host) => this.#usableWeight(host, now));
    const usual = medianOf(known.filter((weight) => weight !== undefined));
    this.#weights = new Map(hosts.map((host, index) => [host, known[index] ?? usual]));
    return true;
  }

  /** 1 for hosts that were not there at the last update. */
  of(host: Host): number {
    return this.#weights.get(host) ?? 1;
  }

  #usableWeight(host: Host, now: number): number | undefined {
    const { blackoutMs, expirationMs } = this.#settings;
    const record = this.#records.get(host);
    if (!record || now - record.since < blackoutMs || now - record.updatedAt >= expirationMs) return undefined;
    return record.weight;
  }

  /** Requests per second for each part of utilization, of which errors are one. Undefined: the report does not say. */
  #weightFrom({ applicationUtilization, cpuUtilization, requestsPerSecond, errorsPerSecond, named }: LoadReport): number | undefined {
    const { metricNames, errorPenalty } = this.#settings;
    const greatest = metricNames.reduce((most, name) => Math.max(most, named.get(name) ?? 0), 0);
    const utilization = applicationUtilization || greatest || cpuUtilization;
    if (requestsPerSecond <= 0 || utilization <= 0) return undefined;
    return requestsPerSecond / (utilization + (errorsPerSecond / requestsPerSecond) * errorPenalty);
  }
}

/** 1 when there are none: then all are alike. */
function medianOf(weights: readonly number[]): number {
  if (weights.length === 0) return 1;
  const sorted = weights.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
