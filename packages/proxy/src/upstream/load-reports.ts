/** What hosts report of their load with their responses, read off heads and trailers for the policy that goes by it. */
import { readBinaryLoadReport, readLoadReport, type Host, type LoadReport, type ReportedWeights } from '@sluice/balancing';
import type { Turn } from '../turn.ts';

/** A head, or trailers. */
interface Fields {
  get(name: string): string | undefined;
}

export class LoadReports {
  readonly #weights: ReportedWeights;
  readonly #turn: Turn;

  constructor(weights: ReportedWeights, turn: Turn) {
    this.#weights = weights;
    this.#turn = turn;
  }

  /** What a host has said apart from its responses. */
  take(host: Host, report: LoadReport): void {
    this.#weights.observe(host, report, this.#turn.now());
  }

  observe(host: Host, fields: Fields): void {
    const text = fields.get('endpoint-load-metrics');
    const binary = text === undefined ? fields.get('endpoint-load-metrics-bin') : undefined;
    const report = text === undefined ? binary && readBinaryLoadReport(binary) : readLoadReport(text);
    if (report) this.take(host, report);
  }
}
