/**
 * What a reporter is asked for: all of its clusters, where it understands that, and otherwise those that it has been given,
 * by name. Names are looked at with each report: what has come or gone meanwhile is asked for from the next on.
 */
import type { Node } from '../discovery.ts';
import type { LoadStatsServerStream } from '../transport.ts';
import { reportsRevisions } from './load-from-stats.ts';

export interface WantedClustersOptions {
  readonly reportingIntervalMs?: number;
  readonly clustersOf?: (node: Node) => readonly string[];
}

/** A node with this feature understands `send_all_clusters`. */
const understandsAll = 'envoy.lrs.supports_send_all_clusters';

export class WantedClusters {
  readonly #node: Node;
  readonly #options: WantedClustersOptions;
  readonly #sendAllClusters: boolean;
  #clusters: readonly string[] | undefined;

  constructor(node: Node, options: WantedClustersOptions) {
    this.#node = node;
    this.#options = options;
    this.#sendAllClusters = (node.clientFeatures ?? []).includes(understandsAll) || reportsRevisions(node);
  }

  /** Says what is wanted, where that has not been said yet. */
  ask(stream: LoadStatsServerStream): void {
    const clusters = this.#sendAllClusters ? (this.#clusters ?? []) : (this.#options.clustersOf?.(this.#node) ?? []);
    const before = this.#clusters;
    if (before !== undefined && (before === clusters || before.join('\n') === clusters.join('\n'))) return;
    this.#clusters = clusters;
    stream.send({ sendAllClusters: this.#sendAllClusters, clusters, reportingIntervalMs: this.#options.reportingIntervalMs ?? 1_000, reportEndpoints: true });
  }
}
