/**
 * Turns what can be watched (objects, component logs, the kubelet's moments) into what the narrator says.
 * It decides what is worth a line; the narrator decides how the line reads.
 */
import { findCondition, objectKey, type Change, type KubernetesObject, type Pod } from '@sluice/kubernetes';
import type { TimelineEvent } from '@sluice/local';
import type { Revision, Service } from '@sluice/serving';
import type { ColdStartJoin } from './cold-start.ts';
import type { ComponentEvent } from './component-logs.ts';
import type { Narrator } from './narrator.ts';

/** A service says no more than "a revision failed" then; the revision itself says why. */
const reasonsToldByRevision = new Set(['RevisionFailed', 'RevisionMissing']);

export class Happenings {
  readonly #narrator: Narrator;
  readonly #coldStarts: ColdStartJoin;
  /** Restarts of system containers that have been told, by pod. */
  readonly #restarts = new Map<string, number>();

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
      this.#narrator.serving(key, object.status?.url ?? '', object.status?.latestReadyRevisionName ?? '');
    } else if (ready?.status === 'False' && !reasonsToldByRevision.has(ready.reason ?? '')) {
      this.#narrator.failing(key, ready.reason ?? 'NotReady', ready.message ?? '');
    }
  }

  revision({ kind, object }: Change<Revision & KubernetesObject>): void {
    if (kind === 'deleted') return;
    const key = objectKey(object);
    const ready = findCondition(object.status?.conditions, 'Ready');
    if (ready?.status === 'True') this.#narrator.recovered(key);
    if (ready?.status === 'False') this.#narrator.failing(key, ready.reason ?? 'NotReady', ready.message ?? '');
  }

  /** A pod of the system itself: only its restarts are news. */
  systemPod({ kind, object }: Change<Pod>): void {
    const key = objectKey(object);
    if (kind === 'deleted') {
      this.#restarts.delete(key);
      return;
    }
    const [status] = object.status?.containerStatuses ?? [];
    if (!status) return;
    const told = this.#restarts.get(key);
    this.#restarts.set(key, status.restartCount);
    if (told === undefined || status.restartCount <= told) return;
    const ended = status.lastState?.terminated ?? status.state?.terminated;
    this.#narrator.restarted(object.metadata.labels?.['app'] ?? object.metadata.name, describeEnd(ended));
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
}

function describeEnd(ended: { readonly exitCode: number; readonly signal?: number } | undefined): string {
  if (!ended) return 'unknown reason';
  if (ended.signal) return `signal ${ended.signal}`;
  return `exit code ${ended.exitCode}`;
}
