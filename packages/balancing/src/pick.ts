/** What is asked of a picker, and what it may answer. */
import type { Hash64 } from './hash/hash64.ts';
import type { Host, HostPicked } from './host.ts';
import type { SubsetCriteria } from './subset/subset-criteria.ts';

/** What a request brings to the choice. One object may serve many requests. */
export interface PickContext {
  /** `host:port` that must be used; undefined leaves the choice to the policy. */
  readonly overrideHost: string | undefined;
  /** A host that is used when it is there and not ill. Undefined on most. */
  readonly preferredHost?: PreferredHost | undefined;
  /** Hosts that this try should not go to; the policy tries to find another. Undefined on the first try. */
  readonly avoids: ((host: Host) => boolean) | undefined;
  /** The key of the host that the try before this one went to: the last to be asked again when all that offer are to be avoided. */
  readonly lastTried?: string | undefined;
  /** Priorities that earlier tries have used up; others take their load, as long as there are any. */
  readonly excludedPriorities?: ReadonlySet<number> | undefined;
  /** How often to choose again to avoid hosts. Default 1, as Envoy's `host_selection_retry_max_attempts`. */
  readonly hostSelectionTriesMax?: number;
  /** Where policies that go by hash place the request; without one anywhere. */
  readonly hash?: Hash64 | undefined;
  /** Which of the cluster's subsets it should be in, where the cluster has some. */
  readonly subset?: SubsetCriteria | undefined;
}

export interface PreferredHost {
  /** `host:port`. */
  readonly address: string;
  /** No other will do. */
  readonly isStrict: boolean;
}

/** For requests that bring nothing. */
export const anyHost: PickContext = { overrideHost: undefined, avoids: undefined, hash: undefined };

/**
 * `queue`: nothing yet, but hosts are being found (the first resolution is under way): wait for the next picker.
 * `overflow`: hosts are there, but none may take more. `unavailable`: nobody is there to take it.
 */
export type PickResult =
  | HostPicked
  | { readonly kind: 'queue' }
  | { readonly kind: 'overflow' }
  | { readonly kind: 'unavailable'; readonly reason: UnavailableReason };

export type UnavailableReason =
  /** The cluster has no hosts at all. */
  | 'no-hosts'
  /** There are hosts, but none is healthy and panic does not apply. */
  | 'no-healthy-hosts'
  /** The host asked for by name is not, or no longer, in the cluster. */
  | 'override-host-unknown';

/** An immutable choice over one host set. Replaced as a whole when hosts or their health change. */
export interface Picker {
  pick(context: PickContext): PickResult;
  /** Whether too few hosts are healthy, so that health is ignored somewhere. */
  readonly isPanicking: boolean;
}
