/**
 * What hosts report of their load with their responses, read off heads and trailers: for the policy that goes by it, and
 * for those parts of it that are passed on to a load server.
 */
import { readBinaryLoadReport, readLoadReport, type Host, type LoadReport, type ReportedWeights } from '@sluice/balancing';
import type { Turn } from '../turn.ts';
import type { ReportedMetrics } from './reported-metrics.ts';

/** A head, or trailers. */
interface Fields {
  get(name: string): string | undefined;
}

export class LoadReports {
  readonly #weights: ReportedWeights | undefined;
  readonly #metrics: ReportedMetrics | undefined;
  readonly #turn: Turn;

  /** @param weights of the policy, where it goes by what comes with responses */
  constructor(weights: ReportedWeights | undefined, metrics: ReportedMetrics | undefined, turn: Turn) {
    this.#weights = weights;
    this.#metrics = metrics;
    this.#turn = turn;
  }

  observe(host: Host, fields: Fields): void {
    const text = fields.get('endpoint-load-metrics');
    const binary = text === undefined ? fields.get('endpoint-load-metrics-bin') : undefined;
    const report = text === undefined ? binary && readBinaryLoadReport(binary) : readLoadReport(text);
    if (!report) return;
    this.#weights?.observe(host, report, this.#turn.now());
    this.#metrics?.add(host, report);
  }
}

/** What a host has said apart from its responses. */
export type TakeReport = (host: Host, report: LoadReport) => void;
