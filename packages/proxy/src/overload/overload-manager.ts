/**
 * Watches the process and says how far each action goes. A machine: `refresh` asks the monitors once and sets what follows;
 * who calls it, and how often, is another's.
 * https://www.envoyproxy.io/docs/envoy/latest/configuration/operations/overload_manager/overload_manager
 */
import type { Counter, Logger, Meter } from '@sluice/kernel';
import type { OverloadActionName, OverloadManager as OverloadConfig, OverloadTrigger, ResourceMonitor } from '@sluice/resources';
import type { Drain } from '../drain.ts';
import type { OverloadState } from './overload-state.ts';

/** What can be read of the process. */
export interface ProcessReadings {
  /** Bytes of the heap and of memory that it holds outside. */
  heapBytes(): number;
  /** Of the control group. `max` is undefined where it sets no limit. @throws where there is none that can be read */
  cgroupMemory(): { readonly bytes: number; readonly max: number | undefined };
  /** Gives memory back that nobody uses. */
  shrinkHeap(): void;
}

export interface OverloadManagerOptions {
  readonly config: OverloadConfig;
  readonly readings: ProcessReadings;
  readonly state: OverloadState;
  readonly drain: Pick<Drain, 'disableKeepAlive'>;
  readonly meter: Meter;
  readonly logger: Logger;
}

interface Triggered<Name extends string> {
  readonly name: Name;
  readonly triggers: readonly OverloadTrigger[];
  /** From 0 to 1. */
  value: number;
}

/** Envoy shrinks at most this often. Chosen: a collection of all garbage stops everything for its time. */
const shrinkPeriodRefreshes = 10;

export class OverloadManager {
  readonly #options: OverloadManagerOptions;
  readonly #pressures = new Map<string, number>();
  readonly #actions: readonly Triggered<OverloadActionName>[];
  readonly #points: readonly Triggered<string>[];
  readonly #failures: ReadonlyMap<string, Counter>;
  readonly #shrinks: Counter;
  #refreshesSinceShrink = shrinkPeriodRefreshes;

  constructor(options: OverloadManagerOptions) {
    this.#options = options;
    const { config, meter, state } = options;
    this.#actions = config.actions.map(({ name, triggers }) => ({ name, triggers, value: 0 }));
    this.#points = config.loadShedPoints.map(({ name, triggers }) => ({ name, triggers, value: 0 }));
    if (config.connectionsMax !== undefined) state.connectionsMax = config.connectionsMax;
    this.#failures = new Map(config.monitors.map(({ name }) => [name, this.#watch(name)]));
    for (const action of this.#actions) this.#show(action, `envoy.overload_actions.${action.name}`);
    for (const point of this.#points) this.#show(point, `envoy.load_shed_points.${point.name}`);
    this.#shrinks = meter.counter('envoy_overload_shrink_count', 'times that unused memory was given back', { envoy_overload_name: 'envoy.overload_actions.shrink_heap' });
  }

  refresh(): void {
    for (const monitor of this.#options.config.monitors) this.#ask(monitor);
    for (const triggered of [...this.#actions, ...this.#points]) {
      triggered.value = Math.max(0, ...triggered.triggers.map((trigger) => strengthOf(trigger, this.#pressures.get(trigger.monitor) ?? 0)));
    }
    this.#apply();
  }

  #apply(): void {
    const { state, drain } = this.#options;
    const action = (name: OverloadActionName) => this.#actions.find((candidate) => candidate.name === name)?.value ?? 0;
    const point = (name: string) => this.#points.find((candidate) => candidate.name === name)?.value ?? 0;
    const before = [state.refusedRequests, state.refusedConnections].join();
    state.refusedRequests = Math.max(action('stop_accepting_requests'), point('http_connection_manager_decode_headers'));
    // Node cannot leave connections waiting in the system's queue, so who stops accepting refuses.
    state.refusedConnections = Math.max(action('stop_accepting_connections'), action('reject_incoming_connections'), point('tcp_listener_accept'));
    drain.disableKeepAlive(action('disable_http_keepalive'));
    const { refusedRequests, refusedConnections } = state;
    if (before !== [refusedRequests, refusedConnections].join()) this.#options.logger.warn('overload', { refusedRequests, refusedConnections });
    this.#shrink(action('shrink_heap') >= 1);
  }

  #shrink(wanted: boolean): void {
    this.#refreshesSinceShrink += 1;
    if (!wanted || this.#refreshesSinceShrink < shrinkPeriodRefreshes) return;
    this.#refreshesSinceShrink = 0;
    this.#options.readings.shrinkHeap();
    this.#shrinks.add();
  }

  /** A monitor that cannot be asked keeps its last pressure. */
  #ask(monitor: ResourceMonitor): void {
    try {
      this.#pressures.set(monitor.name, pressureOf(monitor, this.#options.readings));
    } catch (error) {
      this.#failures.get(monitor.name)?.add();
      this.#options.logger.debug('resource monitor failed', { monitor: monitor.name, error });
    }
  }

  #watch(name: string): Counter {
    const { meter } = this.#options;
    const labels = { envoy_overload_name: name };
    meter.observedGauge('envoy_overload_pressure', 'percent of what a resource may take', () => Math.round((this.#pressures.get(name) ?? 0) * 100), labels);
    return meter.counter('envoy_overload_failed_updates', 'times that a resource could not be read', labels);
  }

  #show(triggered: Triggered<string>, name: string): void {
    const { meter } = this.#options;
    const labels = { envoy_overload_name: name };
    meter.observedGauge('envoy_overload_active', 'whether an action is taken as far as it goes', () => Number(triggered.value >= 1), labels);
    meter.observedGauge('envoy_overload_scale_percent', 'how far an action goes', () => Math.round(triggered.value * 100), labels);
  }
}

function pressureOf(monitor: ResourceMonitor, readings: ProcessReadings): number {
  switch (monitor.kind) {
    case 'fixed-heap':
      return readings.heapBytes() / monitor.bytesMax;
    case 'cgroup-memory': {
      const { bytes, max = Number.POSITIVE_INFINITY } = readings.cgroupMemory();
      return bytes / Math.min(max, monitor.bytesMax || Number.POSITIVE_INFINITY);
    }
  }
}

/** Envoy's: a threshold is reached when the pressure is there; between two thresholds it is a line. */
function strengthOf({ scalingThreshold, saturationThreshold }: OverloadTrigger, pressure: number): number {
  if (pressure >= saturationThreshold) return 1;
  if (pressure <= scalingThreshold) return 0;
  return (pressure - scalingThreshold) / (saturationThreshold - scalingThreshold);
}
