/** What the sidecar asks for and may use at most: by annotations of the revision, by the cluster, or as a share of what the program has. */
import { formatQuantity, parseQuantity } from './quantity.ts';

/** Annotations by which a revision says what its sidecar gets. */
export const sidecarPrefix = 'queue.sidecar.serving.knative.dev/';

export const sidecarPercentageKeys = [`${sidecarPrefix}resource-percentage`, `${sidecarPrefix}resourcePercentage`] as const;

export type ResourceName = 'cpu' | 'memory' | 'ephemeral-storage';
export type ResourceBound = 'request' | 'limit';

export const sidecarResources: readonly ResourceName[] = ['cpu', 'memory', 'ephemeral-storage'];

/** `queue.sidecar.serving.knative.dev/cpu-resource-request` and its like. */
export function sidecarResourceKey(resource: ResourceName, bound: ResourceBound): string {
  return `${sidecarPrefix}${resource}-resource-${bound}`;
}

type Amounts = Readonly<Record<string, string>>;

/** Between which amounts a share is kept, as Knative keeps it. */
const shareBounds: Readonly<Record<string, readonly [least: string, most: string]>> = {
  'cpu request': ['25m', '100m'],
  'cpu limit': ['40m', '500m'],
  'memory request': ['50Mi', '200Mi'],
  'memory limit': ['200Mi', '500Mi'],
};

/** What `queueproxy.resource-defaults` gives where the cluster's configuration says nothing. */
const standard: Readonly<Record<ResourceBound, Amounts>> = {
  request: { cpu: '25m', memory: '400Mi' },
  limit: { cpu: '1000m', memory: '800Mi' },
};

export interface SidecarResourceFacts {
  readonly annotations: Readonly<Record<string, string>>;
  readonly bound: ResourceBound;
  /** As `config-deployment` says. */
  readonly configured: Amounts;
  /** Whether `queueproxy.resource-defaults` is on. */
  readonly hasDefaults: boolean;
  /** What the program's container has of it. */
  readonly user: Readonly<Record<string, string | number>>;
}

export function sidecarAmounts({ annotations, bound, configured, hasDefaults, user }: SidecarResourceFacts): Record<string, string> {
  const amounts: Record<string, string> = { ...(hasDefaults ? standard[bound] : {}), ...configured };
  const percentage = sidecarPercentageKeys.map((key) => annotations[key]).find((text) => text !== undefined);
  for (const resource of sidecarResources) {
    const share = percentage === undefined ? undefined : shareOf(user[resource], Number(percentage), shareBounds[`${resource} ${bound}`]);
    const own = annotations[sidecarResourceKey(resource, bound)];
    const amount = own ?? share;
    if (amount !== undefined) amounts[resource] = amount;
  }
  return amounts;
}

function shareOf(
  amount: string | number | undefined,
  percentage: number,
  bounds: readonly [string, string] | undefined,
): string | undefined {
  const whole = amount === undefined ? undefined : parseQuantity(String(amount));
  if (whole === undefined || bounds === undefined || !Number.isFinite(percentage)) return undefined;
  const [least = 0, most = 0] = bounds.map((bound) => parseQuantity(bound));
  return formatQuantity(Math.min(most, Math.max(least, (whole * percentage) / 100)));
}
