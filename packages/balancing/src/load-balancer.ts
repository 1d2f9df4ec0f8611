/**
 * A long-lived policy: told of host sets, it publishes pickers. A picker is made for one host set and lives until
 * the next; the order of a rotation begins anew with it.
 */
import type { Random } from '@sluice/kernel';
import type { EndpointHealth } from './endpoint.ts';
import { emptyHostSet, type HostSet } from './host-set.ts';
import type { Picker, PickResult } from './pick.ts';
import { createPicker } from './picker.ts';
import type { PolicySpec } from './policies.ts';
import { createSubsetPicker, type SubsetObserver } from './subset/subset-picker.ts';
import type { ZoneRouting } from './zone-routing.ts';
import type { SubsetSettings } from './subset/subset-settings.ts';

export interface LoadBalancerOptions {
  readonly random: Random;
  /** Monotonic ms, for slow starts. Without it no host starts slowly. */
  readonly now?: () => number;
  /** Percent by which the healthy hosts of a priority are over-provisioned. Default 140, as Envoy. */
  readonly overprovisioningPercent?: number;
  /** With a smaller share of healthy hosts all take part; 0 never. Default 0.5, as Envoy. */
  readonly panicThresholdRatio?: number;
  /** In panic nobody is picked instead of anybody, as `fail_traffic_on_panic`. Default false. */
  readonly failsInPanic?: boolean;
  /** A locality is chosen by its weight before a host is, as `locality_weighted_lb_config`. Default false. */
  readonly weightsLocalities?: boolean;
  /** What the source of a host may say of one that a session stays with, as `override_host_status`. Default: anything that lets it have requests. */
  readonly preferredHealth?: ReadonlySet<EndpointHealth> | undefined;
  /** Requests stay in the zone of the proxy, as `zone_aware_lb_config`. Default: zones do not count. */
  readonly zones?: ZoneRouting | undefined;
  /** Told of each pick that a priority in panic makes. */
  readonly onPanic?: () => void;
  /** Hosts are in subsets by what they say about themselves. Undefined: they are all one. */
  readonly subsets?: SubsetSettings | undefined;
  readonly onSubsets?: SubsetListener;
}

/** Hears of subsets: which there are, and what becomes of picks. */
export interface SubsetListener extends SubsetObserver {
  onChanged(change: { readonly active: number; readonly created: number; readonly removed: number; readonly duplicates: number }): void;
}

const deafListener: SubsetListener = { onChanged() {}, onSelected() {}, onFallback() {}, onFallbackPanic() {} };

/** What the source of a host set says of its priorities. */
export interface PrioritySettings {
  readonly overprovisioningPercent?: number | undefined;
  /** Priorities are full by weight and not by number. Default false. */
  readonly weighsHealth?: boolean | undefined;
}

export interface LoadBalancer {
  /** For the hosts of the last update. Before the first it answers `queue`: hosts are still being found. */
  readonly picker: Picker;
  /** Takes over a host set. A set of the same hosts with other health is a new set too (`refreshHosts`). */
  update(hosts: HostSet, priorities?: PrioritySettings): void;
  readonly hosts: HostSet;
}

const queue: PickResult = { kind: 'queue' };
const waitingPicker: Picker = { pick: () => queue, isPanicking: false };

export function createLoadBalancer(spec: PolicySpec, options: LoadBalancerOptions): LoadBalancer {
  const settings = {
    random: options.random,
    now: options.now ?? (() => Number.POSITIVE_INFINITY),
    panicThresholdRatio: options.panicThresholdRatio ?? 0.5,
    failsInPanic: options.failsInPanic ?? false,
    weightsLocalities: options.weightsLocalities ?? false,
    onPanic: options.onPanic ?? (() => {}),
    zones: options.zones,
    preferredHealth: options.preferredHealth,
  };
  const { subsets, onSubsets = deafListener } = options;
  let subsetNames: ReadonlySet<string> = new Set();
  let hosts = emptyHostSet;
  let picker = waitingPicker;
  return {
    get picker() {
      return picker;
    },
    get hosts() {
      return hosts;
    },
    update(set, { overprovisioningPercent = options.overprovisioningPercent ?? 140, weighsHealth } = {}) {
      hosts = set;
      const pickerOptions = { ...settings, overprovisioningPercent, weighsHealth };
      if (!subsets) {
        picker = createPicker(set, spec, pickerOptions);
        return;
      }
      const made = createSubsetPicker(set, spec, subsets, pickerOptions, onSubsets);
      const known = subsetNames;
      const created = [...made.names].filter((name) => !known.has(name)).length;
      const removed = [...known].filter((name) => !made.names.has(name)).length;
      onSubsets.onChanged({ active: made.names.size, created, removed, duplicates: made.duplicates });
      subsetNames = made.names;
      picker = made;
    },
  };
}
