/** Where a service's requests go, in a few words. */
import type { TrafficTarget } from '@sluice/serving';

/**
 * `hello-00001`, or `hello-00001 90 % · hello-00002 10 %`, and then the tags with their URLs. From `status.traffic`,
 * since the newest Revision that is ready need not be the one that gets requests.
 */
export function describeTraffic(targets: readonly TrafficTarget[]): string {
  const percents = new Map<string, number>();
  for (const { revisionName = '?', percent = 0 } of targets) {
    if (percent > 0) percents.set(revisionName, (percents.get(revisionName) ?? 0) + percent);
  }
  const shares = [...percents].map(([revision, percent]) => (percent === 100 ? revision : `${revision} ${percent} %`));
  const tags = targets.flatMap(({ tag, url, revisionName }) => (tag === undefined ? [] : [`${tag}: ${revisionName} at ${url}`]));
  return [shares.join(' · '), ...tags].join('; ');
}
