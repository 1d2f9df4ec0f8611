/**
 * Kubernetes' own ways in, followed: objects → edge model → resources, and what gateways made of them → statuses. It costs nothing to
 * speak of where nobody uses them.
 */
import type { Clock, Logger, Meter, Random, Timer, Timers } from '@sluice/kernel';
import { LeaderElector, type EventRecorder, type KubernetesClient } from '@sluice/kubernetes';
import { certificateIn, LiveEdge, type EdgeModel, type FoundCertificate, type GatewayAddress, type LiveModel, type ObjectProblem, type SecretView, type ServiceView } from '@sluice/serving';
import { edgePorts, type TranslateOptions, type Translator } from '@sluice/translator';

import { Acknowledgements, type GatewayStream } from '../acknowledgements.ts';
import { EdgeStatusWriter } from './edge-status-writer.ts';
import type { EdgeVerdict } from './edge-statuses.ts';
import { createEdgeWatch, type EdgeWatch } from './edge-watch.ts';

export interface EdgeControlOptions {
  readonly client: KubernetesClient;
  readonly model: LiveModel;
  readonly translator: Translator;
  readonly translate: TranslateOptions;
  readonly recorder: EventRecorder;
  readonly systemNamespace: string;
  readonly identity: string;
  /** Of the Service in front of gateways, `namespace/name`. */
  readonly gatewayService: string;
  /** Where gateways are reached, whatever the Service says. Empty: as it says. */
  readonly gatewayAddresses: readonly string[];
  /** Of the gateways that are connected. */
  readonly streams: () => readonly GatewayStream[];
  /** Why gateways are not sent the latest at all; empty when they are. */
  readonly heldBack: () => string;
  /** Something is different: publish soon. */
  readonly onChange: () => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** What the acknowledgement is waited for by: all of the edge at once. */
const waiter = 'edge';
/** Chosen: as often as for Knative's objects. */
const lookEveryMs = 20;
/**
 * After so many looks, a second's worth, it is said that gateways are waited for. Chosen: most have answered by then, and nothing needs to be
 * written twice. Looks and not time, since a process that was held up has waited for nobody.
 */
const pendingAfterLooks = 50;

export class EdgeControl {
  readonly #options: EdgeControlOptions;
  readonly #edge: LiveEdge;
  readonly #watch: EdgeWatch;
  readonly #writer: EdgeStatusWriter;
  readonly #elector: LeaderElector;
  readonly #acknowledgements = new Acknowledgements();
  readonly #certificates = new WeakMap<SecretView, FoundCertificate>();
  #isElecting = false;
  #look: Timer | undefined;
  #changedAt = 0;
  /** How often gateways were looked at since then. */
  #looks = 0;
  /** An object has come or changed since the last look, be it in its status. */
  #isTouched = false;
  /** What was said last, of which model. */
  #said: { readonly model: EdgeModel; readonly text: string } | undefined;

  constructor(options: EdgeControlOptions) {
    this.#options = options;
    const { client, systemNamespace, identity, onChange } = options;
    this.#edge = new LiveEdge({ surroundings: () => this.#surroundings() });
    this.#elector = new LeaderElector({ ...options, client, lease: { namespace: systemNamespace, name: 'sluice-config-server' }, identity, onChange: () => this.#writer.work() });
    this.#writer = new EdgeStatusWriter({ ...options, isLeading: () => this.#elector.isLeading });
    this.#watch = createEdgeWatch({
      ...options,
      onObject: (list, key, object) => {
        this.#isTouched = true;
        if (list === 'backendTlsPolicies' && object) this.#watch.followAuthorities();
        this.#writer.onObject(list, key, object);
        this.#edge.set(list, key, object as Parameters<LiveEdge['set']>[2]);
        this.#writer.tell(list, key, this.#edge.oddity(list, key) ?? '');
        onChange();
      },
      onAuthority: (key, pem) => {
        this.#edge.setAuthority(key, pem);
        onChange();
      },
      onNamespace: (name, labels) => {
        this.#edge.setNamespace(name, labels);
        onChange();
      },
    });
  }

  start(): void {
    this.#watch.start();
  }

  whenSynced(): Promise<void> {
    return this.#watch.whenSynced();
  }

  async stop(): Promise<void> {
    this.#look?.cancel();
    await Promise.all([this.#watch.stop(), this.#writer.stop()]);
    await this.#elector.stop();
  }

  /** Gives the translator what is different. To be called before it is asked what has changed. */
  update(): void {
    const next = this.#edge.update();
    const isTouched = this.#isTouched;
    this.#isTouched = false;
    if (!next) {
      // Statuses may have been changed by others.
      if (isTouched) this.#writer.work();
      return;
    }
    this.#options.translator.setEdge(next);
    const { statuses } = next;
    const isUsed = Object.values(statuses).some((one: ReadonlyMap<string, unknown>) => one.size > 0);
    if (isUsed && !this.#isElecting) {
      this.#isElecting = true;
      this.#elector.start();
    }
    this.#changedAt = this.#options.clock.now();
    this.#looks = 0;
    this.#acknowledgements.wait(waiter);
    this.#look ??= this.#options.timers.after(lookEveryMs, () => this.#settle());
  }

  #settle(): void {
    const { streams, heldBack, timers, clock } = this.#options;
    // What has only just been published may not be on its way yet.
    if (clock.now() - this.#changedAt < lookEveryMs) {
      this.#look = timers.after(lookEveryMs, () => this.#settle());
      return;
    }
    const held = heldBack();
    const ownerOf = (resource: string): string | undefined => (isOfEdge(resource, this.#edge) ? waiter : undefined);
    const { ready, refusal, refusals } = held === '' ? this.#acknowledgements.settle(streams(), ownerOf) : { ready: [], refusal: held, refusals: new Map<string, string>() };
    const message = refusals.get(waiter) ?? refusal;
    this.#looks += 1;
    const isLate = this.#looks >= pendingAfterLooks;
    const verdict: EdgeVerdict | undefined = ready.includes(waiter) ? { kind: 'taken' } : message !== '' ? { kind: 'refused', message } : isLate ? { kind: 'pending' } : undefined;
    if (verdict) this.#say(verdict);
    this.#look = this.#acknowledgements.isWaiting ? timers.after(lookEveryMs, () => this.#settle()) : undefined;
  }

  #say(verdict: EdgeVerdict): void {
    const { model } = this.#edge;
    const text = JSON.stringify(verdict);
    // What is waited for is looked at again and again; it is said once.
    if (this.#said?.model === model && this.#said.text === text) return;
    this.#said = { model, text };
    this.#writer.say(model, verdict);
  }

  #surroundings(): ReturnType<ConstructorParameters<typeof LiveEdge>[0]['surroundings']> {
    const { model, translate, gatewayService, gatewayAddresses } = this.#options;
    return {
      findBackend: (ref) => model.findBackend(ref),
      findCertificate: (key) => this.#findCertificate(key, model.secret(key), model.oddity('secrets', key)),
      portNameOf: (service, port) => model.service(service)?.spec?.ports?.find((one) => one.port === port)?.name ?? '',
      ownerOfHost: (host) => model.ownerOfHost(host),
      addresses: gatewayAddresses.length > 0 ? gatewayAddresses.map(toAddress) : addressesOf(model.service(gatewayService)),
      ports: edgePorts(translate),
    };
  }

  /** Looked at once for each state of a Secret. */
  #findCertificate(key: string, secret: SecretView | undefined, oddity: ObjectProblem | undefined): FoundCertificate {
    if (!secret) return { ok: false, reason: oddity ? `cannot be used: ${oddity.problem.message}` : 'is not there' };
    const known = this.#certificates.get(secret);
    if (known) return known;
    const found = certificateIn(secret);
    this.#certificates.set(secret, found);
    return found;
  }
}

/** @param resource `table/domain` of a virtual host */
function isOfEdge(resource: string, edge: LiveEdge): boolean {
  const domain = resource.slice(resource.lastIndexOf('/') + 1);
  return edge.model.servers.some(({ hosts }) => hosts.some((host) => host.domain === domain));
}

function addressesOf(service: ServiceView | undefined): GatewayAddress[] {
  if (service?.spec?.type === 'LoadBalancer') {
    const { ingress = [] } = service.status?.loadBalancer ?? {};
    return ingress.flatMap(({ ip, hostname }) => (ip ? toAddress(ip) : hostname ? toAddress(hostname) : []));
  }
  const { clusterIP = '' } = service?.spec ?? {};
  return clusterIP === '' || clusterIP === 'None' ? [] : [toAddress(clusterIP)];
}

function toAddress(value: string): GatewayAddress {
  return { type: /^[\d.]+$/.test(value) || value.includes(':') ? 'IPAddress' : 'Hostname', value };
}
