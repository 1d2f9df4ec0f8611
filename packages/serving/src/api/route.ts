/** A Route: a name in the network and how its traffic is split over Revisions. */
import type { CommonStatus, ServingObject } from './object.ts';

export interface Route extends ServingObject {
  readonly spec: RouteSpec;
  readonly status?: RouteStatus;
}

export interface RouteSpec {
  readonly traffic?: readonly TrafficTarget[];
}

/** In a spec exactly one of `revisionName` and `configurationName` is set; in a status always `revisionName`. */
export interface TrafficTarget {
  readonly revisionName?: string;
  readonly configurationName?: string;
  /** Follow the newest ready Revision. */
  readonly latestRevision?: boolean;
  /** 0 to 100; all of a route together 100. */
  readonly percent?: number;
  /** Gives the target a host of its own. */
  readonly tag?: string;
  /** Only in a status: where the tag answers. */
  readonly url?: string;
}

/** Conditions: `AllTrafficAssigned`, `CertificateProvisioned` and `IngressReady` make up `Ready`. */
export interface RouteStatus extends CommonStatus {
  readonly url?: string;
  readonly address?: { readonly url?: string };
  readonly traffic?: readonly TrafficTarget[];
}
