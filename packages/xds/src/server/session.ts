/** One discovery stream with what its machine needs: snapshots, timers, counters, a log. */
import type { Clock, Counter, Logger, MessageStream, Timer, Timers } from '@sluice/kernel';

import type { Node } from '../discovery.ts';
import type { SnapshotCache, SnapshotWatch } from '../snapshot/snapshot-cache.ts';
import { shortTypeName, type TypeUrl } from '../type-urls.ts';
import type { DiscoveryStream, StreamEffect, StreamEvent, StreamRequest } from './discovery-stream.ts';
import type { Refusal } from './refusals.ts';
import type { SendBudget, SendTicket } from './send-budget.ts';
import type { TypeChannel } from './type-channel.ts';

export interface SessionOptions {
  readonly cache: SnapshotCache;
  readonly groupOf: (node: Node, stream: StreamKind) => string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  readonly counters: SessionCounters;
  /** Shared by all sessions. */
  readonly budget: SendBudget;
  readonly onGone: () => void;
}

export interface SessionCounters {
  readonly sent: Counter;
  readonly accepted: Counter;
  readonly rejected: Counter;
  readonly stale: Counter;
}

export type Variant = 'sotw' | 'delta';

/** What a stream can carry. */
export interface StreamKind {
  readonly variant: Variant;
  /** Absent: all types. */
  readonly onlyType?: TypeUrl;
}

/** One stream of a connected proxy and how far it has followed. */
export interface NodeStatus {
  readonly node: Node;
  readonly group: string;
  readonly variant: Variant;
  /** When the stream opened, in ms since the epoch. */
  readonly connectedAt: number;
  readonly types: readonly ServedTypeStatus[];
}

/** Where one type stands on a stream. */
export interface ServedTypeStatus {
  readonly typeUrl: TypeUrl;
  /** `*` for all. */
  readonly names: readonly string[];
  readonly acceptedVersion: string;
  /** What was sent last. Equal to `acceptedVersion` when the proxy has followed. */
  readonly sentVersion: string;
  /** When the last response was sent, and when the last answer came, in ms since the epoch. Absent before the first. */
  readonly sentAt?: number;
  readonly answeredAt?: number;
  /** The last refusal's text, while anything that was refused stands. */
  readonly rejection?: string;
  /** Each resource that was refused, with the part of the text that is about it. */
  readonly refusals: readonly Refusal[];
}

interface Times {
  sentAt?: number;
  answeredAt?: number;
}

/** What a server needs of its sessions, whichever variant they are of. */
export interface AnySession {
  /** Undefined, and of no group, before the peer has said who it is. */
  readonly node: Node | undefined;
  readonly group: string;
  end(code: number, details: string): void;
  status(): NodeStatus | undefined;
  /** The types asked for on the stream, for the state of single resources. */
  readonly channels: readonly TypeChannel[];
}

export class Session<Request extends StreamRequest, Response, Channel extends TypeChannel> implements AnySession {
  readonly #machine: DiscoveryStream<Request, Response, Channel>;
  readonly #stream: MessageStream<Request, Response>;
  readonly #kind: StreamKind;
  readonly #options: SessionOptions;
  readonly #connectedAt: number;
  readonly #times = new Map<TypeUrl, Times>();
  readonly #queue: { readonly typeUrl: TypeUrl; readonly response: Response; readonly bytes: number }[] = [];
  /** Of large responses that are out, or wait to be. */
  readonly #tickets = new Map<TypeUrl, SendTicket>();
  #group = '';
  #watch: SnapshotWatch | undefined;
  #orderWait: Timer | undefined;
  #logger: Logger;
  #isOver = false;

  constructor(
    machine: DiscoveryStream<Request, Response, Channel>,
    stream: MessageStream<Request, Response>,
    kind: StreamKind,
    options: SessionOptions,
  ) {
    this.#machine = machine;
    this.#stream = stream;
    this.#kind = kind;
    this.#options = options;
    this.#connectedAt = options.clock.wallTime();
    this.#logger = options.logger;
  }

  start(): void {
    this.#stream.listen({
      onMessage: (request: Request) => this.#step({ kind: 'request', request }),
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

  get node(): Node | undefined {
    return this.#machine.node;
  }

  get group(): string {
    return this.#group;
  }

  get channels(): readonly Channel[] {
    return this.#machine.channels;
  }

  status(): NodeStatus | undefined {
    const { node, channels } = this.#machine;
    if (node === undefined) return undefined;
    const types = channels.map(({ typeUrl, subscription, sentVersion, acceptedVersion, rejection, refusals }) => ({
      typeUrl,
      names: subscription.list(),
      sentVersion,
      acceptedVersion,
      ...this.#times.get(typeUrl),
      ...(rejection === undefined ? {} : { rejection: rejection.message }),
      refusals: refusals.list,
    }));
    return { node, group: this.#group, variant: this.#kind.variant, connectedAt: this.#connectedAt, types };
  }

  #step(event: StreamEvent<Request>): void {
    if (this.#isOver) return;
    for (const effect of this.#machine.step(event)) this.#perform(effect);
  }

  #perform(effect: StreamEffect<Response>): void {
    const { counters } = this.#options;
    switch (effect.kind) {
      case 'send':
        this.#send(effect.typeUrl, effect.response, effect.bytes);
        return;
      case 'identify':
        this.#identify(effect.node);
        return;
      case 'wait':
        this.#waitInOrder(effect.delayMs);
        return;
      case 'stop waiting':
        this.#orderWait?.cancel();
        return;
      case 'accepted':
        counters.accepted.add();
        this.#tickets.get(effect.typeUrl)?.release();
        this.#timesOf(effect.typeUrl).answeredAt = this.#options.clock.wallTime();
        this.#logger.debug('config accepted', { type: shortTypeName(effect.typeUrl), version: effect.version });
        return;
      case 'rejected':
        counters.rejected.add();
        this.#tickets.get(effect.typeUrl)?.release();
        this.#timesOf(effect.typeUrl).answeredAt = this.#options.clock.wallTime();
        this.#logger.warn('config rejected', {
          type: shortTypeName(effect.typeUrl),
          version: effect.version,
          problem: effect.message,
        });
        return;
      case 'stale':
        counters.stale.add();
        return;
      case 'end':
        this.#logger.warn('discovery stream refused', { details: effect.details });
        this.end(effect.code, effect.details);
    }
  }

  #waitInOrder(delayMs: number): void {
    this.#orderWait?.cancel();
    this.#orderWait = this.#options.timers.after(delayMs, () => {
      // A client is not silent while what it is to answer has not been sent.
      if (this.#queue.length > 0) this.#waitInOrder(delayMs);
      else this.#step({ kind: 'order wait over' });
    });
  }

  /** At most one response per type is out at a time; a large one may have to wait, and what comes after it waits with it. */
  #send(typeUrl: TypeUrl, response: Response, bytes: number): void {
    this.#queue.push({ typeUrl, response, bytes });
    if (this.#queue.length === 1) this.#sendNext();
  }

  #sendNext(): void {
    const [next] = this.#queue;
    if (next === undefined || this.#isOver) return;
    const ticket = this.#options.budget.request(next.bytes, () => {
      this.#queue.shift();
      this.#options.counters.sent.add();
      this.#timesOf(next.typeUrl).sentAt = this.#options.clock.wallTime();
      this.#stream.send(next.response);
      this.#sendNext();
    });
    if (ticket) this.#tickets.set(next.typeUrl, ticket);
  }

  #timesOf(typeUrl: TypeUrl): Times {
    let times = this.#times.get(typeUrl);
    if (!times) this.#times.set(typeUrl, (times = {}));
    return times;
  }

  #identify(node: Node): void {
    const { cache, groupOf, logger } = this.#options;
    this.#group = groupOf(node, this.#kind);
    this.#logger = logger.child({ node: node.id, group: this.#group });
    this.#logger.info('discovery stream opened', { variant: this.#kind.variant });
    this.#watch = cache.watch(this.#group, (snapshot, changes) => this.#step({ kind: 'snapshot', snapshot, changes }));
    const snapshot = cache.get(this.#group);
    if (snapshot !== undefined) this.#step({ kind: 'snapshot', snapshot });
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watch?.cancel();
    this.#orderWait?.cancel();
    this.#queue.length = 0;
    for (const ticket of this.#tickets.values()) ticket.release();
    this.#options.onGone();
  }
}
