/** How often hosts are asked how they are, and how much an answer counts. Times are ms. */
export interface HealthCheckSettings {
  /** How long an answer may take. */
  readonly timeoutMs: number;
  /** Between checks of a host that is well. */
  readonly intervalMs: number;
  /** So many failures in a row make a host ill. */
  readonly unhealthyThreshold: number;
  /** So many successes in a row make it well again. */
  readonly healthyThreshold: number;
  /** Between checks of a host that is ill. */
  readonly unhealthyIntervalMs: number;
  /** After a failure of a host that is still well: is it falling ill? */
  readonly unhealthyEdgeIntervalMs: number;
  /** After a success of a host that is still ill. */
  readonly healthyEdgeIntervalMs: number;
  /** Instead of all of these as long as the cluster has never had a connection. Default 60 000, as Envoy. */
  readonly noTrafficIntervalMs: number;
  /** The same for hosts that are well. */
  readonly noTrafficHealthyIntervalMs: number;
  /** The first check comes after a random time below this. */
  readonly initialJitterMs: number;
  /** A random time below this is added to each interval. */
  readonly intervalJitterMs: number;
  /** And a random part of it below so many percent. */
  readonly intervalJitterPercent: number;
}
