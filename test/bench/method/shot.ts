/** What one shot at one target has shown. */
export interface Shot {
  readonly target: string;
  readonly round: number;
  /** CPU time of the target's processes by request, in µs: the figure to compare. */
  readonly cpuUs: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Share of its core that the target used. Below 0.95 the load was the limit, and requests per second a lower bound. */
  readonly busyRatio: number;
  readonly memoryKiB: number;
  /** Why it does not count; undefined when it does. */
  readonly voided: string | undefined;
}
