/** Networks of their own for programs: what the kubelet asks of the floor. A simulation has its own, or none. */

export interface NetworkIsolation {
  /** Whether there can be any here. Found out by really trying, once. */
  support(): Promise<IsolationSupport>;
  /**
   * Makes a network in which nothing is but 127.0.0.1, and a way in. Rejects when that fails; then nothing
   * is left of it.
   */
  open(options: SandboxOptions): Promise<Sandbox>;
}

export type IsolationSupport =
  | { readonly kind: 'supported' }
  /** What stands against it, and what can be done about that: two phrases for people. */
  | { readonly kind: 'unsupported'; readonly reason: string; readonly advice: string };

export interface SandboxOptions {
  /** For logs: `namespace/pod/container`. */
  readonly name: string;
  readonly ports: readonly RelayedPort[];
  /** It broke: nobody reaches the program any more. Not called after `close`. */
  readonly onLost: (message: string) => void;
}

/**
 * A port inside, and where the machine reaches it. The outside listens exactly while the inside does, or a moment longer (see
 * `listener-watch`); a connection which the program does not take is reset.
 */
export interface RelayedPort {
  readonly inside: number;
  readonly outside: readonly SocketAddress[];
}

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

export interface Sandbox {
  /** Runs the program whose path and arguments follow inside. As `ProcessSpec.wrapper`. */
  readonly wrapper: readonly [string, ...string[]];
  /** To be called when the programs inside have ended: delivers their last bytes. Fulfils when nothing is left. */
  close(): Promise<void>;
}

/** For floors that have nothing of the kind. */
export const noNetworkIsolation: NetworkIsolation = {
  support: () => Promise.resolve({ kind: 'unsupported', reason: 'this floor has no networks', advice: 'remove the annotation' }),
  open: () => Promise.reject(new Error('this floor has no networks')),
};
