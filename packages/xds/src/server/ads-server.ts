/**
 * Serves snapshots to whoever opens a discovery stream: state of the world or delta, aggregated or of one type. One machine
 * per stream.
 */
import type { Clock, Logger, MessageStream, Meter, Timers } from '@sluice/kernel';

import type { Node } from '../discovery.ts';
import type { SnapshotCache } from '../snapshot/snapshot-cache.ts';
import type { ConfigServiceHandlers } from '../transport.ts';
import { answerClientStatus } from './client-status.ts';
import { DeltaStream } from './delta-stream.ts';
import type { DiscoveryStream, StreamOptions, StreamRequest } from './discovery-stream.ts';
import { SendBudget } from './send-budget.ts';
import { Session, type AnySession, type NodeStatus, type SessionCounters, type StreamKind } from './session.ts';
import { SotwStream } from './sotw-stream.ts';
import type { TypeChannel } from './type-channel.ts';

export interface AdsServerOptions {
  readonly cache: SnapshotCache;
  /** Which group's snapshots a node gets on a stream. Default: the group named as its `cluster`. */
  readonly groupOf?: (node: Node, stream: StreamKind) => string;
  /** How this server names itself in responses. */
  readonly controlPlane?: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** gRPC's UNAVAILABLE: try again elsewhere or later. */
const unavailable = 14;

export class AdsServer {
  readonly #options: AdsServerOptions;
  readonly #sessions = new Set<AnySession>();
  readonly #counters: SessionCounters;
  readonly #budget: SendBudget;

  constructor(options: AdsServerOptions) {
    this.#options = options;
    this.#budget = new SendBudget(options.timers);
    const { meter } = options;
    this.#counters = {
      sent: meter.counter('sluice_xds_responses_sent_total', 'discovery responses sent'),
      accepted: meter.counter('sluice_xds_responses_accepted_total', 'discovery responses that proxies accepted'),
      rejected: meter.counter('sluice_xds_responses_rejected_total', 'discovery responses that proxies refused'),
      stale: meter.counter('sluice_xds_requests_stale_total', 'answers ignored because a newer response was out'),
    };
    meter.observedGauge('sluice_xds_responses_waiting', 'large responses that wait for others to be answered', () => this.#budget.waiting);
    meter.observedGauge('sluice_xds_streams', 'open discovery streams', () => this.#sessions.size);
  }

  /** Serves all ways to ask for resources, each stream until it ends, and tells who has what. */
  readonly handlers: Required<Pick<ConfigServiceHandlers, 'onAds' | 'onDeltaAds' | 'onType' | 'onDeltaType' | 'onClientStatus'>> = {
    onAds: (stream) => this.#serve(new SotwStream(this.#streamOptions), stream, { variant: 'sotw' }),
    onDeltaAds: (stream) => this.#serve(new DeltaStream(this.#streamOptions), stream, { variant: 'delta' }),
    onType: (onlyType, stream) => this.#serve(new SotwStream({ ...this.#streamOptions, onlyType }), stream, { variant: 'sotw', onlyType }),
    onDeltaType: (onlyType, stream) => this.#serve(new DeltaStream({ ...this.#streamOptions, onlyType }), stream, { variant: 'delta', onlyType }),
    onClientStatus: (request) => answerClientStatus(request, this.#sessions),
  };

  /** Who is connected, and what each has accepted and refused. A node that has several streams is there as often. */
  status(): readonly NodeStatus[] {
    return [...this.#sessions].flatMap((session) => session.status() ?? []);
  }

  /** The streams that are open. A look at them costs nothing, unlike `status`. */
  get sessions(): ReadonlySet<AnySession> {
    return this.#sessions;
  }

  /** Ends all streams; proxies go on with what they have and come back. */
  stop(): void {
    for (const session of this.#sessions) session.end(unavailable, 'the config service is stopping');
  }

  get #streamOptions(): StreamOptions {
    const { controlPlane } = this.#options;
    return controlPlane === undefined ? {} : { controlPlane };
  }

  #serve<Request extends StreamRequest, Response>(
    machine: DiscoveryStream<Request, Response, TypeChannel>,
    stream: MessageStream<Request, Response>,
    kind: StreamKind,
  ): void {
    const { cache, clock, timers, logger, groupOf = ({ cluster }) => cluster } = this.#options;
    const onGone = (): void => void this.#sessions.delete(session);
    const session: Session<Request, Response, TypeChannel> = new Session(machine, stream, kind, {
      cache,
      groupOf,
      clock,
      timers,
      logger,
      counters: this.#counters,
      budget: this.#budget,
      onGone,
    });
    this.#sessions.add(session);
    session.start();
  }
}
