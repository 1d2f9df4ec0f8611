/**
 * Writes the statuses of the edge's objects. Of several replicas the one that leads writes: each knows its own gateways only, and two that
 * say different things would write for ever. What stands there already is not written again.
 */
import type { Clock, Logger, Timer, Timers } from '@sluice/kernel';
import { formatTime, isConflict, isNotFound, type EventRecorder, type KubernetesClient, type KubernetesObject, type ResourceKind } from '@sluice/kubernetes';
import {
  backendTlsPolicyKind,
  canonicalJson,
  gatewayClassKind,
  gatewayController,
  gatewayKind,
  grpcRouteKind,
  httpRouteKind,
  kubernetesIngressKind,
  tcpRouteKind,
  tlsRouteKind,
  type EdgeList,
  type EdgeModel,
  type GatewayPolicyStatus,
  type GatewayStatus,
  type GatewayRouteStatus,
} from '@sluice/serving';

import { statedConditions, statedGateway, statedPolicy, statedRoute, type EdgeVerdict, type StatusContext } from './edge-statuses.ts';

export interface EdgeStatusWriterOptions {
  readonly client: KubernetesClient;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly isLeading: () => boolean;
}

interface StatedObject extends KubernetesObject {
  readonly status?: unknown;
}

type StatedList = Exclude<EdgeList, 'referenceGrants' | 'ingressClasses'>;

const kinds: { readonly [List in StatedList]: ResourceKind } = { gatewayClasses: gatewayClassKind, gateways: gatewayKind, httpRoutes: httpRouteKind, grpcRoutes: grpcRouteKind, tlsRoutes: tlsRouteKind, tcpRoutes: tcpRouteKind, backendTlsPolicies: backendTlsPolicyKind, ingresses: kubernetesIngressKind };

const retryMs = 1_000;

export class EdgeStatusWriter {
  readonly #options: EdgeStatusWriterOptions;
  /** As the API has them, whether they can be read or not. */
  readonly #objects = new Map<string, StatedObject>();
  /** What was last said in events, by object. */
  readonly #told = new Map<string, string>();
  #model: EdgeModel | undefined;
  #verdict: EdgeVerdict = { kind: 'pending' };
  #running: Promise<void> | undefined;
  #isDue = false;
  #retry: Timer | undefined;
  #isStopped = false;

  constructor(options: EdgeStatusWriterOptions) {
    this.#options = options;
  }

  onObject(list: EdgeList, key: string, object: KubernetesObject | undefined): void {
    if (object) this.#objects.set(`${list} ${key}`, object);
    else {
      this.#objects.delete(`${list} ${key}`);
      this.#told.delete(`${list} ${key}`);
    }
  }

  /** What is to be said now. */
  say(model: EdgeModel, verdict: EdgeVerdict): void {
    this.#model = model;
    this.#verdict = verdict;
    this.work();
  }

  /** Looks at everything again: it has begun to lead, or something may stand there that is not ours. */
  work(): void {
    if (!this.#model || this.#isStopped || !this.#options.isLeading()) return;
    this.#isDue = true;
    this.#running ??= this.#writeAll().finally(() => {
      this.#running = undefined;
      if (this.#isDue) this.work();
    });
  }

  /** An event on an object, once for each text. */
  tell(list: EdgeList, key: string, text: string): void {
    const name = `${list} ${key}`;
    const object = this.#objects.get(name);
    if (!object || this.#told.get(name) === text) return;
    this.#told.set(name, text);
    if (text !== '') this.#options.recorder.record(object, 'Warning', 'Refused', text);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#retry?.cancel();
    await this.#running;
  }

  async #writeAll(): Promise<void> {
    this.#isDue = false;
    const { statuses } = this.#model as EdgeModel;
    for (const [name, { conditions, supportedFeatures }] of statuses.gatewayClasses) {
      await this.#write('gatewayClasses', name, (context, before) => ({
        ...(before as object | undefined),
        conditions: statedConditions(conditions, (before as GatewayStatus | undefined)?.conditions, context),
        supportedFeatures: supportedFeatures.map((feature) => ({ name: feature })),
      }));
    }
    for (const [key, status] of statuses.gateways) await this.#write('gateways', key, (context, before) => statedGateway(status, before as GatewayStatus | undefined, context));
    for (const list of ['httpRoutes', 'grpcRoutes', 'tlsRoutes', 'tcpRoutes'] as const) {
      for (const [key, parents] of statuses[list]) await this.#write(list, key, (context, before) => statedRoute(parents, before as GatewayRouteStatus | undefined, context));
      // Routes that were ours once and name none of ours any more.
      for (const [name, { status }] of this.#objects) {
        const key = name.slice(list.length + 1);
        if (!name.startsWith(`${list} `) || statuses[list].has(key) || !(status as GatewayRouteStatus | undefined)?.parents?.some(({ controllerName }) => controllerName === gatewayController)) continue;
        await this.#write(list, key, (context, before) => statedRoute([], before as GatewayRouteStatus | undefined, context));
      }
    }
    for (const [key, ancestors] of statuses.backendTlsPolicies) {
      await this.#write('backendTlsPolicies', key, (context, before) => {
        const stated = statedPolicy(ancestors, before as GatewayPolicyStatus | undefined, context);
        // One that is in force nowhere says nothing, and did not before.
        return stated.ancestors?.length === 0 && before === undefined ? {} : stated;
      });
    }
    for (const [key, { addresses, problems }] of statuses.ingresses) {
      await this.#write('ingresses', key, () => ({ loadBalancer: addresses.length === 0 ? {} : { ingress: addresses } }));
      this.tell('ingresses', key, problems.join('; '));
    }
  }

  async #write(list: StatedList, key: string, make: (context: StatusContext, before: unknown) => unknown): Promise<void> {
    const object = this.#objects.get(`${list} ${key}`);
    if (!object || this.#isStopped || !this.#options.isLeading()) return;
    const { client, clock, timers, logger } = this.#options;
    const { namespace, name, generation, resourceVersion } = object.metadata;
    const wanted = make({ generation, now: formatTime(clock.wallTime()), verdict: this.#verdict }, object.status);
    if (canonicalJson(wanted) === canonicalJson(object.status ?? {})) return;
    try {
      // With the version, so that what another controller has said meanwhile is not lost.
      const body = { metadata: { resourceVersion }, status: wanted };
      const written = await client.resource(kinds[list]).patch({ ...(namespace === undefined ? {} : { namespace }), name }, { type: 'merge', body }, { subresource: 'status' });
      // Ahead of the watch, unless that has been quicker.
      if (this.#objects.get(`${list} ${key}`) === object) this.#objects.set(`${list} ${key}`, written);
    } catch (error) {
      if (isNotFound(error) || this.#isStopped) return;
      if (!isConflict(error)) logger.warn('status not written', { kind: kinds[list].kind, key, error });
      this.#retry ??= timers.after(retryMs, () => {
        this.#retry = undefined;
        this.work();
      });
    }
  }
}
