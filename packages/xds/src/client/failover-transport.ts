/**
 * Several servers as one: streams are opened with the one that answered last. One that ends a stream without having said
 * a word is passed over, and the next is tried when the next stream is opened.
 */
import type { MessageStream, MessageStreamHandler, StreamStatus } from '@sluice/kernel';

import type { DiscoveryTransport, LoadStatsTransport } from '../transport.ts';

/** What a proxy wants of a server. */
export type ServerTransport = DiscoveryTransport & LoadStatsTransport;

/** `transports` in the order to try them; at least one. */
export function createFailoverTransport(transports: readonly ServerTransport[]): ServerTransport {
  let current = 0;

  function open<Incoming, Outgoing>(openWith: (transport: ServerTransport) => MessageStream<Incoming, Outgoing>): MessageStream<Incoming, Outgoing> {
    const index = current;
    const stream = openWith(transports[index] as ServerTransport);
    return new ObservedStream(stream, () => {
      // Several streams may find out at once; only the first moves on.
      if (current === index) current = (index + 1) % transports.length;
    });
  }

  return {
    openAds: () => open((transport) => transport.openAds()),
    openDeltaAds: () => open((transport) => transport.openDeltaAds()),
    openType: (typeUrl) => open((transport) => transport.openType(typeUrl)),
    openDeltaType: (typeUrl) => open((transport) => transport.openDeltaType(typeUrl)),
    openLoadStats: () => open((transport) => transport.openLoadStats()),
  };
}

class ObservedStream<Incoming, Outgoing> implements MessageStream<Incoming, Outgoing> {
  readonly #stream: MessageStream<Incoming, Outgoing>;
  readonly #onSilentEnd: () => void;
  #hasSpoken = false;
  #isEndedHere = false;

  constructor(stream: MessageStream<Incoming, Outgoing>, onSilentEnd: () => void) {
    this.#stream = stream;
    this.#onSilentEnd = onSilentEnd;
  }

  listen(handler: MessageStreamHandler<Incoming>): void {
    this.#stream.listen({
      onMessage: (message) => {
        this.#hasSpoken = true;
        handler.onMessage(message);
      },
      ...(handler.onDrain ? { onDrain: () => handler.onDrain?.() } : {}),
      onEnd: (status) => {
        if (!this.#hasSpoken && !this.#isEndedHere) this.#onSilentEnd();
        handler.onEnd(status);
      },
    });
  }

  send(message: Outgoing): boolean {
    return this.#stream.send(message);
  }

  end(status?: StreamStatus): void {
    this.#isEndedHere = true;
    this.#stream.end(status);
  }
}
