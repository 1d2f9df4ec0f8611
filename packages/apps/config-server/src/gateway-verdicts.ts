/**
 * From what has been published and what gateways say to it, to the verdict about each object. While somebody waits, the
 * gateways' streams are looked at every few ms: their state is there at any time, and most of the time nobody waits.
 */
import type { Timer, Timers } from '@sluice/kernel';
import type { OwnerState } from '@sluice/serving';
import type { GatewayProber } from './probing/gateway-prober.ts';
import { Acknowledgements, type GatewayStream } from './acknowledgements.ts';
import type { VerdictWriter } from './verdict-writer.ts';

export interface GatewayVerdictsOptions {
  readonly writer: VerdictWriter;
  readonly timers: Timers;
  /** Of the gateways that are connected. */
  readonly streams: () => readonly GatewayStream[];
  /** Why gateways are not sent the latest at all; empty when they are. */
  readonly heldBack: () => string;
  /** Which route a virtual host is of, by the name of its resource; undefined when it is there no more. */
  readonly routeOf: (resource: string) => string | undefined;
  /** Asks the pods of gateways, too, for the content of an Ingress, and says so to `onProbed`. */
  readonly prober: Pick<GatewayProber, 'probe' | 'cancel' | 'stop'>;
}

/** Chosen: a route is told ready within this long of being so. */
const lookEveryMs = 20;

export class GatewayVerdicts {
  readonly #options: GatewayVerdictsOptions;
  readonly #acknowledgements = new Acknowledgements();
  /** Of each owner what its routes are made of. */
  readonly #hashes = new Map<string, string>();
  /** Of Ingresses, who is asked for what. */
  readonly #specs = new Map<string, OwnerState['spec']>();
  readonly #owners = new Map<string, string>();
  /** Owners that stand for what they were before: whatever becomes of that, it is not what they say now. */
  readonly #odd = new Set<string>();
  #look: Timer | undefined;

  constructor(options: GatewayVerdictsOptions) {
    this.#options = options;
  }

  /**
   * Something about an owner has been published, or kept from being so.
   * @param problems why it is not served as it says; empty when it is
   */
  onOwner(key: string, state: OwnerState | undefined, problems: readonly string[]): void {
    if (!state || (state.routes.length === 0 && problems.length === 0)) {
      this.#acknowledgements.forget(key);
      this.#hashes.delete(key);
      this.#specs.delete(key);
      this.#options.prober.cancel(key);
      if (!state) this.#options.writer.forget(key);
      return;
    }
    if (this.#hashes.get(key) !== state.hash) this.#options.prober.cancel(key);
    this.#hashes.set(key, state.hash);
    this.#specs.set(key, state.spec);
    for (const route of state.routes) this.#owners.set(route, key);
    if (this.#odd.has(key)) return;
    if (problems.length > 0) {
      this.#acknowledgements.forget(key);
      this.#options.prober.cancel(key);
      this.#options.writer.write(key, { hash: state.hash, ready: false, message: problems.join('; ') });
      return;
    }
    // What gateways have taken they have, whatever else they refuse by now.
    if (!this.#acknowledgements.waiting.has(key) && this.#options.writer.hasWritten(key, { hash: state.hash, ready: true, message: '' })) return;
    this.#acknowledgements.wait(key);
    this.#look ??= this.#options.timers.after(lookEveryMs, () => this.#settle());
  }

  /** An object has been seen. @param problem why it cannot be used as it is now, so that what it was before is served */
  onObject(key: string, problem: string | undefined): void {
    if (problem === undefined) {
      this.#odd.delete(key);
      return;
    }
    this.#odd.add(key);
    this.#acknowledgements.forget(key);
    this.#options.prober.cancel(key);
    this.#options.writer.write(key, { hash: '', ready: false, message: problem });
  }

  /** All gateway pods have answered with this content. */
  onProbed(key: string, hash: string): void {
    if (this.#hashes.get(key) === hash && !this.#acknowledgements.waiting.has(key)) this.#options.writer.write(key, { hash, ready: true, message: '' });
  }

  stop(): void {
    this.#look?.cancel();
    this.#options.prober.stop();
  }

  #settle(): void {
    const { writer, streams, heldBack, timers, routeOf } = this.#options;
    const held = heldBack();
    const ownerOf = (resource: string): string | undefined => this.#owners.get(routeOf(resource) ?? '');
    const { ready, refusal, refusals } = held === '' ? this.#acknowledgements.settle(streams(), ownerOf) : { ready: [], refusal: held, refusals: new Map<string, string>() };
    for (const key of ready) this.#acknowledged(key);
    for (const [key, text] of refusals) this.#write(key, false, text, writer);
    if (refusal !== '') for (const key of this.#acknowledgements.waiting) this.#write(key, false, refusal, writer);
    this.#look = this.#acknowledgements.isWaiting ? timers.after(lookEveryMs, () => this.#settle()) : undefined;
  }

  /** A Route's controller is ours, and takes the word of gateways; an Ingress is for others to rely on, who expect its gateways to have been asked. */
  #acknowledged(key: string): void {
    const { writer, prober } = this.#options;
    const [hash, spec] = [this.#hashes.get(key), this.#specs.get(key)];
    if (hash === undefined || !spec || !key.startsWith('Ingress ')) return this.#write(key, true, '', writer);
    const hosts = (spec.rules ?? []).flatMap(({ hosts: [host] = [], visibility }) => (host === undefined ? [] : [{ host, isExternal: visibility !== 'ClusterLocal' }]));
    prober.probe(key, { hash, hosts });
  }

  #write(key: string, ready: boolean, message: string, writer: VerdictWriter): void {
    const hash = this.#hashes.get(key);
    if (hash !== undefined) writer.write(key, { hash, ready, message });
  }
}
