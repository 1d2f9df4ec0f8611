/**
 * A message stream between two processes of a simulation. Messages cross as bytes, each after its delay, in
 * order; the stream can break, and either process can vanish from it.
 */
import type { MessageStream, MessageStreamHandler, StreamStatus } from '@sluice/kernel';
import type { SimulatedLinks, SimulatedPipe } from '@sluice/kernel/testing';

/** How messages become bytes and come back. */
export interface StreamWire<Request, Response> {
  requestSerialize(request: Request): Uint8Array;
  requestDeserialize(bytes: Buffer): Request;
  responseSerialize(response: Response): Uint8Array;
  responseDeserialize(bytes: Buffer): Response;
}

export interface StreamPair<Request, Response> {
  readonly client: MessageStream<Response, Request>;
  readonly server: MessageStream<Request, Response>;
  /** Breaks it: both ends hear of it after a delay, and what was under way is lost. */
  cut(): void;
  /** One side's process is gone: it hears nothing more, the other side hears that the stream broke. */
  abandon(side: 'client' | 'server'): void;
  readonly isOver: boolean;
}

/** How many messages may be under way in one direction before `send` says that the peer is slow. */
const messagesUnderWayMax = 64;

/** gRPC's UNAVAILABLE, as grpc-js words it. */
const broken: StreamStatus = { code: 14, details: 'connection dropped' };

export function createStreamPair<Request, Response>(
  links: SimulatedLinks,
  ends: { readonly client: string; readonly server: string },
  wire: StreamWire<Request, Response>,
): StreamPair<Request, Response> {
  const up = links.openPipe(ends.client, ends.server);
  const down = links.openPipe(ends.server, ends.client);
  const client = new StreamEnd<Response, Request>(up, (request) => wire.requestDeserialize(copy(wire.requestSerialize(request))));
  const server = new StreamEnd<Request, Response>(down, (response) => wire.responseDeserialize(copy(wire.responseSerialize(response))));
  client.peer = server;
  server.peer = client;
  return {
    client,
    server,
    cut() {
      up.cut();
      down.cut();
      // The old way is gone, so the news needs another.
      links.openPipe(ends.server, ends.client).send(() => client.finish(broken));
      links.openPipe(ends.client, ends.server).send(() => server.finish(broken));
    },
    abandon(side) {
      const [gone, left, way] = side === 'client' ? [client, server, up] : [server, client, down];
      gone.mute();
      way.send(() => left.finish(broken));
    },
    get isOver() {
      return client.isOver && server.isOver;
    },
  };
}

/** What arrives must not share memory with what was sent. */
function copy(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes);
}

class StreamEnd<Incoming, Outgoing> implements MessageStream<Incoming, Outgoing> {
  peer: StreamEnd<Outgoing, Incoming> | undefined;
  isOver = false;
  readonly #out: SimulatedPipe;
  readonly #transfer: (message: Outgoing) => Outgoing;
  readonly #early: Incoming[] = [];
  #handler: MessageStreamHandler<Incoming> | undefined;
  #endedEarly: StreamStatus | undefined;
  #owesDrain = false;

  constructor(out: SimulatedPipe, transfer: (message: Outgoing) => Outgoing) {
    this.#out = out;
    this.#transfer = transfer;
  }

  listen(handler: MessageStreamHandler<Incoming>): void {
    this.#handler = handler;
    for (const message of this.#early.splice(0)) handler.onMessage(message);
    if (this.#endedEarly) handler.onEnd(this.#endedEarly);
  }

  send(message: Outgoing): boolean {
    if (this.isOver) return false;
    const arriving = this.#transfer(message);
    this.#out.send(() => {
      this.peer?.receive(arriving);
      if (!this.#owesDrain || this.#out.length >= messagesUnderWayMax) return;
      this.#owesDrain = false;
      if (!this.isOver) this.#handler?.onDrain?.();
    });
    this.#owesDrain = this.#out.length >= messagesUnderWayMax;
    return !this.#owesDrain;
  }

  end(status: StreamStatus = { code: 0, details: '' }): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#out.send(() => this.peer?.finish(status));
  }

  receive(message: Incoming): void {
    if (this.isOver) return;
    if (this.#handler) this.#handler.onMessage(message);
    else this.#early.push(message);
  }

  finish(status: StreamStatus): void {
    if (this.isOver) return;
    this.isOver = true;
    if (this.#handler) this.#handler.onEnd(status);
    else this.#endedEarly = status;
  }

  /** Hears nothing any more. */
  mute(): void {
    this.isOver = true;
    this.#handler = undefined;
  }
}
