/** One address that a cluster was told of, as its source describes it. Plain data, replaced on each update. */
import type { Address } from '@sluice/kernel';

export interface Endpoint {
  readonly address: Address;
  /** Who it is, where its address may change: a name that stands for other addresses over time. Default its address as text. */
  readonly key?: string;
  /** Others of the same host, for connections that do not come about by the first. */
  readonly additionalAddresses?: readonly Address[] | undefined;
  /** The name it goes by, for host rewrites; empty when it has none. */
  readonly hostname: string;
  /** What the source says about it. Our own observations come on top. */
  readonly health: EndpointHealth;
  /** Its share relative to others; at least 1. */
  readonly weight: number;
  /** 0 is used first; higher ones when what is before them does not suffice. */
  readonly priority: number;
  readonly locality: EndpointLocality;
  /** The share of its locality among those of its priority; 0 gets nothing. Counts only where balancing is by locality. */
  readonly localityWeight: number;
  /** Free-form facts by the name of whoever they are for; `envoy.lb` may hold `hash_key`, its name on rings and in tables. */
  readonly metadata: EndpointMetadata;
  readonly check: EndpointCheck;
}

/** How active checks reach it. */
export interface EndpointCheck {
  /** Another port than requests go to; 0: the same. */
  readonly port: number;
  /** The name that it is asked under; empty: the one that its cluster says. */
  readonly hostname: string;
  /** It is not asked, and counts as well. */
  readonly isDisabled: boolean;
  /** Asked in place of the one that requests go to. */
  readonly address?: Address | undefined;
}

/** `draining` finishes what it has and gets nothing new; `degraded` is used when healthy ones do not suffice. */
export type EndpointHealth = 'healthy' | 'degraded' | 'unhealthy' | 'draining';

export interface EndpointLocality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

export type EndpointMetadata = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
