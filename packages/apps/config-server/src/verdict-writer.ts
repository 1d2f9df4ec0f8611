/**
 * Writes what became of objects onto them: on a Route's status as an annotation, which its controller reads; on an Ingress as
 * conditions. Only what is different from what stands there is written, a few at a time, and tried again until it is there.
 */
import type { Clock, Logger, Timer, Timers } from '@sluice/kernel';
import { formatTime, isNotFound, type KubernetesClient, type KubernetesObject } from '@sluice/kubernetes';
import { formatVerdict, gatewayVerdictAnnotation, ingressKind, ingressStatus, routeKind, type GatewayDomains, type GatewayVerdict, type Ingress, type ObjectList } from '@sluice/serving';

import { WritePace } from './write-pace.ts';

export interface VerdictWriterOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Where gateways are reached now. */
  readonly domains: () => GatewayDomains;
}

/** After so long it is tried whether more may be written, in ms. Chosen: a few writes' worth. */
const paceMs = 10;

/** Chosen: enough to write thousands in seconds, and few beside an API server's other clients. */
const atOnceMax = 8;
const retryMs = 1000;

export class VerdictWriter {
  readonly #options: VerdictWriterOptions;
  /** What stands on the objects, by owner. */
  readonly #written = new Map<string, string>();
  readonly #ingresses = new Map<string, Ingress>();
  readonly #due = new Map<string, GatewayVerdict>();
  /** Owners that are being written: the next word about one waits, lest the older come last. */
  readonly #running = new Set<string>();
  /** Could not be written; tried again together. */
  readonly #failed = new Map<string, GatewayVerdict>();
  #retry: Timer | undefined;
  readonly #pace: WritePace;
  #paced: Timer | undefined;
  #isStopped = false;

  constructor(options: VerdictWriterOptions) {
    this.#options = options;
    this.#pace = new WritePace(options.clock);
  }

  /** What an object says of itself now. */
  onObject(list: ObjectList, key: string, object: KubernetesObject | undefined): void {
    if (list === 'routes') {
      const { status } = (object ?? {}) as { readonly status?: { readonly annotations?: Readonly<Record<string, string>> } };
      this.#note(`Route ${key}`, status?.annotations?.[gatewayVerdictAnnotation]);
    } else if (list === 'ingresses') {
      const owner = `Ingress ${key}`;
      if (object === undefined) {
        this.#ingresses.delete(owner);
        this.#note(owner, undefined);
      } else this.#ingresses.set(owner, object as Ingress);
    }
  }

  /** @param owner `Route namespace/name` */
  write(owner: string, verdict: GatewayVerdict): void {
    if (this.hasWritten(owner, verdict)) return;
    this.#failed.delete(owner);
    this.#due.set(owner, verdict);
    this.#work();
  }

  /** Whether this is what the object says, and is going to say. */
  hasWritten(owner: string, verdict: GatewayVerdict): boolean {
    return this.#written.get(owner) === formatVerdict(verdict) && ![this.#due, this.#running, this.#failed].some((under) => under.has(owner));
  }

  /** The object has gone. */
  forget(owner: string): void {
    this.#due.delete(owner);
    this.#failed.delete(owner);
    this.#written.delete(owner);
  }

  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
    this.#paced?.cancel();
  }

  #note(owner: string, text: string | undefined): void {
    if (text === undefined) this.#written.delete(owner);
    else this.#written.set(owner, text);
  }

  #work(): void {
    for (const [owner, verdict] of this.#due) {
      if (this.#running.size >= atOnceMax || this.#isStopped) return;
      if (this.#running.has(owner)) continue;
      if (!this.#pace.take()) {
        this.#paced ??= this.#options.timers.after(paceMs, () => {
          this.#paced = undefined;
          this.#work();
        });
        return;
      }
      this.#due.delete(owner);
      this.#running.add(owner);
      void this.#writeOne(owner, verdict).finally(() => {
        this.#running.delete(owner);
        this.#work();
      });
    }
  }

  async #writeOne(owner: string, verdict: GatewayVerdict): Promise<void> {
    const text = formatVerdict(verdict);
    try {
      await this.#patch(owner, verdict, text);
      this.#written.set(owner, text);
    } catch (error) {
      if (isNotFound(error) || this.#isStopped) return;
      this.#options.logger.warn('verdict not written', { owner, error });
      if (!this.#due.has(owner)) this.#failed.set(owner, verdict);
      this.#retry ??= this.#options.timers.after(retryMs, () => this.#tryAgain());
    }
  }

  #tryAgain(): void {
    this.#retry = undefined;
    for (const [owner, verdict] of this.#failed) this.#due.set(owner, verdict);
    this.#failed.clear();
    this.#work();
  }

  async #patch(owner: string, verdict: GatewayVerdict, text: string): Promise<void> {
    const { client, clock, domains } = this.#options;
    const [kind = '', key = ''] = owner.split(' ');
    const slash = key.indexOf('/');
    const reference = { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
    if (kind === 'Route') {
      const status = { annotations: { [gatewayVerdictAnnotation]: text } };
      await client.resource(routeKind).patchStatus(reference, status);
      return;
    }
    const ingress = this.#ingresses.get(owner);
    if (!ingress) return;
    const status = ingressStatus(ingress, verdict, domains(), formatTime(clock.wallTime()));
    await client.resource(ingressKind).patchStatus(reference, status);
  }
}
