/** Serves snapshots to whoever opens an aggregated stream: one `SotwStream` per stream, with timers and a log. */
import type { Clock, Counter, Logger, Meter, Timer, Timers } from '@sluice/kernel';

import type { TypeStatus } from '../client/ads-client.ts';
import type { DiscoveryRequest, Node } from '../discovery.ts';
import type { SnapshotCache, SnapshotWatch } from '../snapshot/snapshot-cache.ts';
import type { AdsServerStream } from '../transport.ts';
import { shortTypeName } from '../type-urls.ts';
import { SotwStream, type SotwEffect, type SotwEvent } from './sotw-stream.ts';

export interface AdsServerOptions {
  readonly cache: SnapshotCache;
  /** Which group's snapshots a node gets. Default: the group named as its `cluster`. */
  readonly groupOf?: (node: Node) => string;
  /** How this server names itself in responses. */
  readonly controlPlane?: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** One connected proxy and how far it has followed. */
export interface NodeStatus {
  readonly node: Node;
  readonly group: string;
  /** When the stream opened, in ms since the epoch. */
  readonly connectedAt: number;
  readonly types: readonly ServedTypeStatus[];
}

export interface ServedTypeStatus extends TypeStatus {
  /** What was sent last. Equal to `acceptedVersion` when the proxy has followed. */
  readonly sentVersion: string;
}

/** gRPC's UNAVAILABLE: try again elsewhere or later. */
const unavailable = 14;

export class AdsServer {
  readonly #options: AdsServerOptions;
  readonly #sessions = new Set<Session>();
  readonly #counters: Counters;

  constructor(options: AdsServerOptions) {
    this.#options = options;
    const { meter } = options;
    this.#counters = {
      sent: meter.counter('sluice_xds_responses_sent_total', 'discovery responses sent'),
      accepted: meter.counter('sluice_xds_responses_accepted_total', 'discovery responses that proxies accepted'),
      rejected: meter.counter('sluice_xds_responses_rejected_total', 'discovery responses that proxies refused'),
      stale: meter.counter('sluice_xds_requests_stale_total', 'requests ignored because a newer response was out'),
    };
    meter.observedGauge('sluice_xds_streams', 'open discovery streams', () => this.#sessions.size);
  }

  /** Serves a stream until it ends. */
  accept(stream: AdsServerStream): void {
    const session = new Session(stream, this.#options, this.#counters, () => this.#sessions.delete(session));
    this.#sessions.add(session);
    session.start();
  }

  /** Who is connected, and what each has accepted and refused. */
  status(): readonly NodeStatus[] {
    return [...this.#sessions].flatMap((session) => session.status() ?? []);
  }

  /** Ends all streams; proxies go on with what they have and come back. */
  stop(): void {
    for (const session of this.#sessions) session.end(unavailable, 'the config service is stopping');
  }
}

interface Counters {
  readonly sent: Counter;
  readonly accepted: Counter;
  readonly rejected: Counter;
  readonly stale: Counter;
}

class Session {
  readonly #machine: SotwStream;
  readonly #stream: AdsServerStream;
  readonly #options: AdsServerOptions;
  readonly #counters: Counters;
  readonly #onGone: () => void;
  readonly #connectedAt: number;
  #group = '';
  #watch: SnapshotWatch | undefined;
  #orderWait: Timer | undefined;
  #logger: Logger;
  #isOver = false;

  constructor(stream: AdsServerStream, options: AdsServerOptions, counters: Counters, onGone: () => void) {
    this.#machine = new SotwStream(options.controlPlane);
    this.#stream = stream;
    this.#options = options;
    this.#counters = counters;
    this.#onGone = onGone;
    this.#connectedAt = options.clock.wallTime();
    this.#logger = options.logger;
  }

  start(): void {
    this.#stream.listen({
      onMessage: (request: DiscoveryRequest) => this.#step({ kind: 'request', request }),
      onEnd: ({ code, details }) => {
        this.#close();
        this.#logger.info('discovery stream ended', { code, details });
      },
    });
  }

  end(code: number, details: string): void {
    this.#close();
    this.#stream.end({ code, details });
  }

  status(): NodeStatus | undefined {
    const { node } = this.#machine;
    if (node === undefined) return undefined;
    const types = this.#machine.channels.map((channel) => ({
      typeUrl: channel.typeUrl,
      names: channel.subscription.list(),
      sentVersion: channel.sentVersion,
      acceptedVersion: channel.acceptedVersion,
      ...(channel.rejection === undefined ? {} : { rejection: channel.rejection.message }),
    }));
    return { node, group: this.#group, connectedAt: this.#connectedAt, types };
  }

  #step(event: SotwEvent): void {
    if (this.#isOver) return;
    for (const effect of this.#machine.step(event)) this.#perform(effect);
  }

  #perform(effect: SotwEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#counters.sent.add();
        // The answer of a slow peer is not waited for here: at most one response per type is out at a time.
        this.#stream.send(effect.response);
        return;
      case 'identify':
        this.#identify(effect.node);
        return;
      case 'wait':
        this.#orderWait?.cancel();
        this.#orderWait = this.#options.timers.after(effect.delayMs, () => this.#step({ kind: 'order wait over' }));
        return;
      case 'stop waiting':
        this.#orderWait?.cancel();
        return;
      case 'accepted':
        this.#counters.accepted.add();
        this.#logger.debug('config accepted', { type: shortTypeName(effect.typeUrl), version: effect.version });
        return;
      case 'rejected':
        this.#counters.rejected.add();
        this.#logger.warn('config rejected', {
          type: shortTypeName(effect.typeUrl),
          version: effect.version,
          problem: effect.message,
        });
        return;
      case 'stale':
        this.#counters.stale.add();
        return;
      case 'end':
        this.#logger.warn('discovery stream refused', { details: effect.details });
        this.end(effect.code, effect.details);
    }
  }

  #identify(node: Node): void {
    const { cache, groupOf, logger } = this.#options;
    this.#group = groupOf === undefined ? node.cluster : groupOf(node);
    this.#logger = logger.child({ node: node.id, group: this.#group });
    this.#logger.info('discovery stream opened');
    this.#watch = cache.watch(this.#group, (snapshot) => this.#step({ kind: 'snapshot', snapshot }));
    const snapshot = cache.get(this.#group);
    if (snapshot !== undefined) this.#step({ kind: 'snapshot', snapshot });
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watch?.cancel();
    this.#orderWait?.cancel();
    this.#onGone();
  }
}
