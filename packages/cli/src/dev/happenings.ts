/**
 * Turns what can be watched (objects, component logs, the kubelet's moments) into what the narrator says.
 * It decides what is worth a line; the narrator decides how the line reads.
 */
import { findCondition, objectKey, type Change, type ContainerTermination, type KubernetesObject, type Pod } from '@sluice/kubernetes';
import { listensOnPortCondition, type TimelineEvent } from '@sluice/local';
import type { Revision, Service } from '@sluice/serving';
import type { ColdStartJoin } from './cold-start.ts';
import type { ComponentEvent } from './component-logs.ts';
import type { Narrator } from './narrator.ts';
import { describeTraffic } from './traffic.ts';

/** A service says no more than "a revision failed" then; the revision itself says why. */
const reasonsToldByRevision = new Set(['RevisionFailed', 'RevisionMissing']);

export class Happenings {
  readonly #narrator: Narrator;
  readonly #coldStarts: ColdStartJoin;
  /** Restarts that have been told, by pod and container. */
  readonly #restarts = new Map<string, number>();
  /** Revisions that are Ready: why others are not, their conditions say. */
  readonly #readyRevisions = new Set<string>();

  constructor(narrator: Narrator, coldStarts: ColdStartJoin) {
    this.#narrator = narrator;
    this.#coldStarts = coldStarts;
  }

  service({ kind, object }: Change<Service & KubernetesObject>): void {
    const key = objectKey(object);
    if (kind === 'deleted') return this.#narrator.gone(key);
    const ready = findCondition(object.status?.conditions, 'Ready');
    if (ready?.status === 'True') {
      this.#narrator.recovered(key);
      this.#narrator.serving(key, object.status?.url ?? '', describeTraffic(object.status?.traffic ?? []));
    } else if (ready?.status === 'False' && !reasonsToldByRevision.has(ready.reason ?? '')) {
      this.#narrator.failing(key, ready.reason ?? 'NotReady', ready.message ?? '');
    }
  }

  revision({ kind, object }: Change<Revision & KubernetesObject>): void {
    const key = objectKey(object);
    const ready = findCondition(object.status?.conditions, 'Ready');
    if (kind !== 'deleted' && ready?.status === 'True') this.#readyRevisions.add(key);
    else this.#readyRevisions.delete(key);
    if (kind === 'deleted') return;
    if (ready?.status === 'True') this.#narrator.recovered(key);
    if (ready?.status === 'False') this.#narrator.failing(key, ready.reason ?? 'NotReady', ready.message ?? '');
  }

  /** A pod of the system itself: only its restarts are news. */
  systemPod(change: Change<Pod>): void {
    for (const ended of this.#newRestarts(change)) {
      this.#narrator.restarted(change.object.metadata.labels?.['app'] ?? change.object.metadata.name, describeEnd(ended));
    }
  }

  /** A pod of a revision: news is what the revision's own conditions do not say, since it is Ready once and for all. */
  revisionPod(change: Change<Pod>): void {
    const { metadata, status } = change.object;
    const revision = `${metadata.namespace ?? 'default'}/${metadata.labels?.['serving.knative.dev/revision']}`;
    for (const ended of this.#newRestarts(change)) {
      if (this.#readyRevisions.has(revision)) this.#narrator.ended(revision, describeEnd(ended), ended?.message ?? '');
    }
    const ports = findCondition(status?.conditions, listensOnPortCondition);
    if (change.kind !== 'deleted' && ports?.status === 'False' && this.#readyRevisions.has(revision)) {
      this.#narrator.limited(revision, ports.reason ?? '', ports.message ?? '');
    }
  }

  /** A pod of a revision reached one of the moments of its start. */
  podMoment({ podKey, labels, phase, atMs }: TimelineEvent): void {
    const revision = labels['serving.knative.dev/revision'];
    if (revision === undefined) return;
    this.#coldStarts.pod(`${podKey.slice(0, podKey.indexOf('/'))}/${revision}`, phase, atMs);
  }

  component({ message, fields }: ComponentEvent): void {
    if (message === 'scale decision') this.#scaleDecision(fields);
    if (message === 'cold start') this.#coldStart(fields);
  }

  #scaleDecision(fields: ComponentEvent['fields']): void {
    const { revision, from, to, reason } = fields;
    if (typeof revision !== 'string' || typeof from !== 'number' || typeof to !== 'number') return;
    const at = Date.parse(String(fields['timestamp']));
    if (from === 0 && to > 0 && Number.isFinite(at)) this.#coldStarts.decided(revision, at);
    this.#narrator.scale({ revision, from, to, reason: String(reason ?? '') });
  }

  #coldStart(fields: ComponentEvent['fields']): void {
    const { revision, arrivedAtMs, forwardedAtMs, firstByteAtMs } = fields;
    if (typeof revision !== 'string' || typeof arrivedAtMs !== 'number') return;
    if (typeof forwardedAtMs !== 'number' || typeof firstByteAtMs !== 'number') return;
    this.#narrator.coldStart(this.#coldStarts.answered({ revision, arrivedAtMs, forwardedAtMs, firstByteAtMs }));
  }

  /** How containers of the pod ended that have been started again since the last look. */
  #newRestarts({ kind, object }: Change<Pod>): (ContainerTermination | undefined)[] {
    const found: (ContainerTermination | undefined)[] = [];
    for (const { name, restartCount, lastState, state } of object.status?.containerStatuses ?? []) {
      const key = `${objectKey(object)}/${name}`;
      const told = this.#restarts.get(key);
      if (kind === 'deleted') this.#restarts.delete(key);
      else this.#restarts.set(key, restartCount);
      if (kind !== 'deleted' && told !== undefined && restartCount > told) found.push(lastState?.terminated ?? state?.terminated);
    }
    return found;
  }
}

function describeEnd(ended: ContainerTermination | undefined): string {
  if (!ended) return 'unknown reason';
  if (ended.signal) return `signal ${ended.signal}`;
  return `exit code ${ended.exitCode}`;
}
