/**
 * Parts of the work that several autoscalers divide between them: a revision belongs to one of them for ever, and each part to whoever
 * holds its Lease. Names are Knative's: https://github.com/knative/serving/blob/main/pkg/autoscaler/bucket/bucket.go
 */
import { hashContent } from '@sluice/kernel';

/** `autoscaler-bucket-00-of-03`: name of a Lease, and of the EndpointSlice with its holder's address. */
export function bucketNames(count: number): readonly string[] {
  const two = (value: number) => String(value).padStart(2, '0');
  return Array.from({ length: count }, (_, index) => `autoscaler-bucket-${two(index)}-of-${two(count)}`);
}

/** Which of `count` parts a revision belongs to, by a hash of its `namespace/name`. */
export function bucketIndexOf(key: string, count: number): number {
  return count <= 1 ? 0 : hashContent(key).low % count;
}

/** Who holds a bucket, as its Lease says it: `<pod>_<address>`. */
export function identityOf(pod: string, address: string): string {
  return `${pod}_${address}`;
}

/** The address within an identity; undefined when there is none. */
export function addressOf(identity: string): string | undefined {
  const at = identity.lastIndexOf('_');
  return at < 0 || at === identity.length - 1 ? undefined : identity.slice(at + 1);
}
