/** What the kubelet and a relay say to each other over the channel that Node gives a child process. */

/** To the relay. */
export type RelayOrder =
  /** Comes with a listening server of the machine's network, whose connections belong to `port` inside. */
  | { readonly kind: 'serve'; readonly port: number }
  /** The program is gone: deliver what it said last, then end. */
  | { readonly kind: 'drain' };

/** From the relay: whether a connection to `port` inside would be taken now. Until the first one it would not. */
export interface RelayReport {
  readonly kind: 'listens' | 'silent';
  readonly port: number;
}

/** What arrives comes from the other half of this program, but as JSON. */
export function isRelayReport(message: unknown): message is RelayReport {
  if (typeof message !== 'object' || message === null) return false;
  const { kind, port } = message as Partial<RelayReport>;
  return (kind === 'listens' || kind === 'silent') && typeof port === 'number';
}

/** As `isRelayReport`, for the other direction. */
export function isRelayOrder(message: unknown): message is RelayOrder {
  if (typeof message !== 'object' || message === null) return false;
  const { kind, port } = message as { readonly kind?: unknown; readonly port?: unknown };
  return kind === 'drain' || (kind === 'serve' && typeof port === 'number');
}
