/**
 * One scrape of one revision: some of its pods, or its Service where a mesh hides pods. Knative's rules:
 * https://github.com/knative/serving/blob/main/pkg/autoscaler/metrics/stats_scraper.go
 */
import type { Address, Random } from '@sluice/kernel';
import { askingOrder, extrapolate, sampleSize, type PodToAsk, type Stat } from '@sluice/scaling';
import type { Scraped } from '@sluice/stats';

export interface ScrapePlan {
  /** Pods that do not report by themselves. */
  readonly pods: readonly (PodToAsk & { readonly port: number })[];
  readonly stableWindowMs: number;
  /** `http://<private Service>.<namespace>`, to be asked where pods cannot be; undefined while there is none. */
  readonly service: Address | undefined;
  /** Whether pods, or the Service, or first those and then that. Network configuration's `mesh-compatibility-mode`. */
  readonly meshMode: 'auto' | 'enabled' | 'disabled';
}

export interface ScrapeTools {
  readonly ask: (address: Address) => Promise<Scraped>;
  readonly random: Random;
}

export type ScrapeResult =
  | { readonly kind: 'stat'; readonly stat: Stat; readonly by: 'pods' | 'service' }
  | { readonly kind: 'failed'; readonly reason: string };

/** How often one asker asks a Service before it gives up: answers may come from a pod that was heard already. */
const serviceTriesMax = 10;

/** Fulfils with what the sample says of all pods. `service` is used from then on where it succeeded once in place of pods. */
export async function scrapeRevision(plan: ScrapePlan, tools: ScrapeTools): Promise<ScrapeResult> {
  const { pods, meshMode } = plan;
  if (meshMode !== 'enabled') {
    const answers = await askPods(plan, tools);
    if (answers.kind === 'stats') return { kind: 'stat', stat: extrapolate(answers.stats, pods.length), by: 'pods' };
    if (meshMode === 'disabled' || !answers.mayBeMesh) return { kind: 'failed', reason: answers.reason };
  }
  if (plan.service === undefined) return { kind: 'failed', reason: 'no Service to ask' };
  const answers = await askService(plan, plan.service, tools);
  if (answers.kind === 'stats') return { kind: 'stat', stat: extrapolate(answers.stats, pods.length), by: 'service' };
  return { kind: 'failed', reason: answers.reason };
}

type Answers = { readonly kind: 'stats'; readonly stats: readonly Stat[] } | { readonly kind: 'none'; readonly reason: string; readonly mayBeMesh: boolean };

/** As many askers as answers are needed take pods from one list, each until it has one. */
async function askPods({ pods, stableWindowMs }: ScrapePlan, { ask, random }: ScrapeTools): Promise<Answers> {
  const size = sampleSize(pods.length);
  const ports = new Map(pods.map(({ address, port }) => [address, port]));
  const order = askingOrder(pods, size, stableWindowMs, random);
  const stats: Stat[] = [];
  let next = 0;
  let reason = '';
  let mayBeMesh = true;
  await Promise.all(
    Array.from({ length: size }, async () => {
      for (let host = order[next++]; host !== undefined; host = order[next++]) {
        const scraped = await ask({ host, port: ports.get(host) ?? 0 });
        if (scraped.ok) {
          stats.push(scraped.stat);
          return;
        }
        reason = `${host}: ${scraped.reason}`;
        mayBeMesh &&= scraped.mayBeMesh;
      }
    }),
  );
  if (stats.length === size) return { kind: 'stats', stats };
  return { kind: 'none', reason: `${stats.length} of ${size} pods answered; ${reason}`, mayBeMesh: mayBeMesh && stats.length === 0 };
}

/** The same number of askers ask the Service, until each has heard a pod that no other heard, if it can, one that is not young. */
async function askService({ pods, stableWindowMs }: ScrapePlan, service: Address, { ask }: ScrapeTools): Promise<Answers> {
  const size = sampleSize(pods.length);
  const heard = new Set<string>();
  const old: Stat[] = [];
  const young: Stat[] = [];
  let reason = 'no pod that was not heard already';
  await Promise.all(
    Array.from({ length: size }, async () => {
      for (let tries = 0; tries < serviceTriesMax && old.length < size; tries += 1) {
        const scraped = await ask(service);
        if (!scraped.ok) {
          reason = scraped.reason;
          continue;
        }
        if (heard.has(scraped.stat.podName)) continue;
        heard.add(scraped.stat.podName);
        if (scraped.stat.processUptimeSeconds * 1000 >= stableWindowMs) {
          old.push(scraped.stat);
          return;
        }
        young.push(scraped.stat);
        if (heard.size >= size) return;
      }
    }),
  );
  const stats = [...old, ...young].slice(0, size);
  if (stats.length === size) return { kind: 'stats', stats };
  return { kind: 'none', reason: `${stats.length} of ${size} pods answered through the Service; ${reason}`, mayBeMesh: false };
}
