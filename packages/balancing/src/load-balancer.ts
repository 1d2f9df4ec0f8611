/** A long-lived policy: told of host sets, it publishes pickers. */
import type { HostSet } from './host-set.ts';
import type { Picker } from './pick.ts';

/** Which policy, with its settings. */
export type PolicySpec =
  /** In turn, each as often as its weight says. */
  | { readonly kind: 'round-robin' }
  /** The least busy of `choiceCount` drawn hosts; with unequal weights in turn by weight / (busy + 1)^bias. */
  | { readonly kind: 'least-request'; readonly choiceCount: number; readonly activeRequestBias: number }
  | { readonly kind: 'random' };

export interface LoadBalancer {
  /** For the host set of the last update. */
  readonly picker: Picker;
  update(hosts: HostSet): void;
}
