/** How listeners come, change and go, under Envoy's names. */
import type { Counter, Meter } from '@sluice/kernel';

export class ListenerManagerStatistics {
  readonly added: Counter;
  /** In any way. */
  readonly modified: Counter;
  /** In nothing but its filter chains. */
  readonly updatedInPlace: Counter;
  readonly removed: Counter;
  readonly created: Counter;
  readonly failed: Counter;

  constructor(meter: Meter, counts: { readonly active: () => number; readonly draining: () => number }) {
    const counter = (name: string, help: string) => meter.counter(`envoy_listener_manager_${name}`, help);
    this.added = counter('listener_added', 'listeners that were not there before');
    this.modified = counter('listener_modified', 'listeners that have changed');
    this.updatedInPlace = counter('listener_in_place_updated', 'listeners of which only filter chains have changed');
    this.removed = counter('listener_removed', 'listeners that have gone');
    this.created = counter('listener_create_success', 'listeners that were bound');
    this.failed = counter('listener_create_failure', 'listeners that could not be bound');
    meter.observedGauge('envoy_listener_manager_total_listeners_active', 'listeners in force', counts.active);
    meter.observedGauge('envoy_listener_manager_total_listeners_draining', 'listeners that have gone and still have connections', counts.draining);
  }
}
