/** Has a pod tried by the API server, which makes none, and so tells what quotas, policies and other webhooks would say to it. */
import { ApiError, pods, type KubernetesClient, type Pod } from '@sluice/kubernetes';
import type { PodDryRun } from '@sluice/serving';

/** Why the pod could not be made; undefined when it could. */
export type PodTrial = (dryRun: PodDryRun) => Promise<string | undefined>;

export function podTrial(client: KubernetesClient): PodTrial {
  return async ({ pod }) => {
    try {
      await client.resource(pods).create(pod as Pod, { dryRun: true });
      return undefined;
    } catch (reason) {
      if (reason instanceof ApiError) return reason.statusMessage;
      return reason instanceof Error ? reason.message : String(reason);
    }
  };
}
