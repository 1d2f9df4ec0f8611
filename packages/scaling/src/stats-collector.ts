/**
 * The windows of every revision: where reports go in and averages come out.
 *
 * Each pod counts once in each second, with what it said last. Pods report once a second by their own clocks, so
 * two reports of one pod may fall into one of our seconds and none into the next; adding them up as they come
 * would make waves of that. Knative's autoscaler asks all pods once a second, which comes to the same.
 *
 * What a pod says ahead of its time is of one moment, and higher than most: it counts until the next report of the pod, which then
 * stands in its place in the second before, too. So windows hold means, and decisions need not wait for them.
 */
import { concurrencyOf, requestsPerSecondOf, type ScalingMetric, type Stat } from './stat.ts';
import { isSameSecond, TimeWindow, type Aggregation } from './time-window.ts';

/** How a revision's reports are averaged. */
export interface CollectorSpec {
  readonly metric: ScalingMetric;
  /** The long window, which decides in calm times. Milliseconds. */
  readonly stableWindowMs: number;
  /** The short window, which notices bursts. Milliseconds. */
  readonly panicWindowMs: number;
  readonly aggregation: Aggregation;
}

/** Load of a revision as of one moment, in the unit of its metric. */
export interface ObservedLoad {
  readonly stable: number;
  readonly panic: number;
}

/**
 * How long a pod's word stands, in ms. Chosen: two report periods and a half, so that one late or lost report does
 * not make a pod's load vanish, and a pod that is gone is soon forgotten.
 */
const REPORT_LIFETIME_MS = 2500;

/** Knative's `BucketSize`: reports are old by whole seconds. */
const SECOND_MS = 1000;

interface PodReport {
  at: number;
  load: number;
  /** What it has said ahead of time since its last regular report: the last word of each second. Undefined: nothing. */
  ahead: Said[] | undefined;
}

interface Said {
  readonly at: number;
  readonly load: number;
}

interface RevisionWindows {
  spec: CollectorSpec;
  stable: TimeWindow;
  panic: TimeWindow;
  /** What each pod said last. */
  readonly pods: Map<string, PodReport>;
  /** Of all of them together. */
  load: number;
  /** The second in which was looked for reports that are too old. */
  checkedSecond: number;
}

/** Keys are `namespace/name` of revisions. `now` is the receiver's clock: pods' clocks are not trusted. */
export class StatsCollector {
  readonly #revisions = new Map<string, RevisionWindows>();

  /** Begins or goes on to collect for a revision. Windows that change in length keep what fits. */
  upsert(key: string, spec: CollectorSpec): void {
    const known = this.#revisions.get(key);
    if (!known || known.spec.metric !== spec.metric || known.spec.aggregation !== spec.aggregation) {
      this.#revisions.set(key, createWindows(spec));
      return;
    }
    known.spec = spec;
    known.stable.resize(spec.stableWindowMs);
    known.panic.resize(spec.panicWindowMs);
  }

  /** Forgets a revision. */
  remove(key: string): void {
    this.#revisions.delete(key);
  }

  /**
   * Forgets what all revisions have reported, and goes on collecting. After a time in which reports were lost
   * the windows would take the gap for silence.
   */
  clear(): void {
    for (const [key, { spec }] of this.#revisions) this.#revisions.set(key, createWindows(spec));
  }

  /** Takes one report. False when nobody collects for that revision; then it is dropped. */
  record(key: string, now: number, stat: Stat): boolean {
    const windows = this.#revisions.get(key);
    if (!windows) return false;
    const load = windows.spec.metric === 'rps' ? requestsPerSecondOf(stat) : concurrencyOf(stat);
    const pod = windows.pods.get(stat.podName);
    if (pod?.ahead && !stat.isAhead) correct(windows, pod.ahead, load, now);
    if (pod) {
      pod.ahead = stat.isAhead ? [...(pod.ahead ?? []).filter(({ at }) => !isSameSecond(at, now)), { at: now, load }] : undefined;
      windows.load += load - pod.load;
      pod.load = load;
      pod.at = now;
    } else {
      windows.pods.set(stat.podName, { at: now, load, ahead: stat.isAhead ? [{ at: now, load }] : undefined });
      windows.load += load;
    }
    sample(windows, now);
    return true;
  }

  /** Whether a pod's own word stands. */
  hasReport(key: string, podName: string, now: number): boolean {
    const report = this.#revisions.get(key)?.pods.get(podName);
    return report !== undefined && now - report.at <= REPORT_LIFETIME_MS;
  }

  /** The load now; undefined when there is no data, which is not the same as no load. */
  observe(key: string, now: number): ObservedLoad | undefined {
    const windows = this.#revisions.get(key);
    if (windows) sample(windows, now);
    if (!windows || (windows.stable.isEmpty(now) && windows.panic.isEmpty(now))) return undefined;
    return { stable: windows.stable.average(now), panic: windows.panic.average(now) };
  }
}

function createWindows(spec: CollectorSpec): RevisionWindows {
  return {
    spec,
    stable: new TimeWindow(spec.stableWindowMs, spec.aggregation),
    panic: new TimeWindow(spec.panicWindowMs, spec.aggregation),
    pods: new Map(),
    load: 0,
    checkedSecond: -1,
  };
}

/** Puts what a report says in the place of what was said ahead of it, in seconds that are over. */
function correct({ stable, panic }: RevisionWindows, ahead: readonly Said[], load: number, now: number): void {
  for (const said of ahead) {
    if (isSameSecond(said.at, now)) continue;
    stable.record(said.at, load - said.load);
    panic.record(said.at, load - said.load);
  }
}

/** Writes down, for the second of `now`, the load of all pods whose word still stands. */
function sample(windows: RevisionWindows, now: number): void {
  const second = Math.floor(now / SECOND_MS);
  if (second !== windows.checkedSecond) {
    windows.checkedSecond = second;
    forgetOldReports(windows, now);
  }
  if (windows.pods.size === 0) return;
  windows.stable.replace(now, windows.load);
  windows.panic.replace(now, windows.load);
}

/** Once a second is often enough, and costs each pod one look; the sum is made anew with it, without what was rounded off. */
function forgetOldReports(windows: RevisionWindows, now: number): void {
  let load = 0;
  for (const [name, report] of windows.pods) {
    if (now - report.at > REPORT_LIFETIME_MS) windows.pods.delete(name);
    else load += report.load;
  }
  windows.load = load;
}
