/**
 * A two-way stream of messages: what a gRPC call gives, without gRPC. Protocol machines talk to this, so
 * that the same machine runs over the network and inside a simulation.
 */
export interface MessageStream<Incoming, Outgoing> {
  /** Sets who hears; messages that came before are delivered then, in order. */
  listen(handler: MessageStreamHandler<Incoming>): void;
  /** Sends. False when the peer is slow: keep the newest and wait for `onDrain`. */
  send(message: Outgoing): boolean;
  /** Ends it, in order when `status` is absent. Nothing is delivered afterwards. */
  end(status?: StreamStatus): void;
}

export interface MessageStreamHandler<Incoming> {
  onMessage(message: Incoming): void;
  onDrain?(): void;
  /** Called once, whoever ended it. */
  onEnd(status: StreamStatus): void;
}

/** How a stream ended. The codes are gRPC's: 0 OK, 3 INVALID_ARGUMENT, 14 UNAVAILABLE, … */
export interface StreamStatus {
  readonly code: number;
  readonly details: string;
}
