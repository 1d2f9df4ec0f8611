/**
 * A config service in the same process: what one side sends, the other gets on a later turn of the given
 * timers, in order. Streams can be cut, and new ones refused, as a network would.
 */
import type { MessageStream, MessageStreamHandler, StreamStatus, Timers } from '@sluice/kernel';

import type { AdsServerStream, ConfigServiceHandlers, ConfigServiceTransport, DeltaAdsServerStream } from '../transport.ts';

export interface InMemoryTransportOptions {
  readonly handlers: ConfigServiceHandlers;
  readonly timers: Timers;
  /** How long a message is under way, in ms. Default 0: the next turn. Asked anew for each message; order is kept. */
  readonly delayMs?: () => number;
}

export interface InMemoryTransport extends ConfigServiceTransport {
  /** Whether streams can be opened. Setting it to false cuts those that are open, on both sides. */
  reachable: boolean;
}

/** gRPC's UNAVAILABLE. */
const lost: StreamStatus = { code: 14, details: 'connection lost' };

export function createInMemoryTransport({ handlers, timers, delayMs }: InMemoryTransportOptions): InMemoryTransport {
  const open = new Set<() => void>();
  let isReachable = true;

  function openStream<Request, Response>(
    accept: (stream: MessageStream<Request, Response>) => void,
  ): MessageStream<Response, Request> {
    const pair = createStreamPair<Response, Request>(timers, delayMs ?? (() => 0), () => open.delete(pair.cut));
    open.add(pair.cut);
    if (isReachable) accept(pair.far);
    else timers.after(0, pair.cut);
    return pair.near;
  }

  return {
    openAds: () => openStream(handlers.onAds),
    openDeltaAds: () => openStream(handlers.onDeltaAds ?? refuse),
    openType: (typeUrl) => openStream((stream: AdsServerStream) => (handlers.onType ? handlers.onType(typeUrl, stream) : refuse(stream))),
    openDeltaType: (typeUrl) => openStream((stream: DeltaAdsServerStream) => (handlers.onDeltaType ? handlers.onDeltaType(typeUrl, stream) : refuse(stream))),
    openLoadStats: () => openStream(handlers.onLoadStats),
    openLoad: () => openStream(handlers.onLoad),
    close() {
      for (const cut of open) cut();
    },
    get reachable() {
      return isReachable;
    },
    set reachable(reachable) {
      isReachable = reachable;
      if (!reachable) for (const cut of open) cut();
    },
  };
}

/** gRPC's UNIMPLEMENTED. */
function refuse(stream: { end(status: StreamStatus): void }): void {
  stream.end({ code: 12, details: 'the service has no such method' });
}

interface StreamPair<Near, Far> {
  readonly near: MessageStream<Near, Far>;
  readonly far: MessageStream<Far, Near>;
  /** Ends both sides, as when a network breaks: what is under way is lost. */
  readonly cut: () => void;
}

function createStreamPair<Near, Far>(timers: Timers, delayMs: () => number, onGone: () => void): StreamPair<Near, Far> {
  const near = new StreamEnd<Near, Far>(timers, delayMs);
  const far = new StreamEnd<Far, Near>(timers, delayMs);
  near.peer = far;
  far.peer = near;
  return {
    near,
    far,
    cut() {
      onGone();
      near.finish(lost);
      far.finish(lost);
    },
  };
}

type Delivery<Incoming> = { readonly message: Incoming } | { readonly status: StreamStatus };

class StreamEnd<Incoming, Outgoing> implements MessageStream<Incoming, Outgoing> {
  peer: StreamEnd<Outgoing, Incoming> | undefined;
  readonly #timers: Timers;
  readonly #delayMs: () => number;
  readonly #inbox: Delivery<Incoming>[] = [];
  #handler: MessageStreamHandler<Incoming> | undefined;
  #isOver = false;

  constructor(timers: Timers, delayMs: () => number) {
    this.#timers = timers;
    this.#delayMs = delayMs;
  }

  listen(handler: MessageStreamHandler<Incoming>): void {
    this.#handler = handler;
    if (this.#inbox.length > 0) this.#timers.after(0, () => this.#deliver());
  }

  send(message: Outgoing): boolean {
    if (this.#isOver) return false;
    this.peer?.receive({ message });
    return true;
  }

  end(status: StreamStatus = { code: 0, details: '' }): void {
    if (this.#isOver) return;
    this.finish(status);
    this.peer?.receive({ status });
  }

  receive(delivery: Delivery<Incoming>): void {
    if (this.#isOver) return;
    this.#inbox.push(delivery);
    // One timer per delivery, each taking whatever is first: order is kept whatever the delays are.
    this.#timers.after(this.#delayMs(), () => this.#deliver());
  }

  finish(status: StreamStatus): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler?.onEnd(status);
  }

  #deliver(): void {
    if (this.#isOver || this.#handler === undefined) return;
    const delivery = this.#inbox.shift();
    if (delivery === undefined) return;
    if ('message' in delivery) this.#handler.onMessage(delivery.message);
    else this.finish(delivery.status);
  }
}
