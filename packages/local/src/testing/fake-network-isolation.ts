/** Isolation without namespaces: it keeps what was asked for, so that tests can look at it and break it. */
import type { IsolationSupport, NetworkIsolation, Sandbox, SandboxOptions } from '../kubelet/isolation/network-isolation.ts';

export class FakeNetworkIsolation implements NetworkIsolation {
  readonly #support: IsolationSupport;
  /** The networks that are open, oldest first. */
  readonly sandboxes: SandboxOptions[] = [];
  #failure: string | undefined;
  #made = 0;

  constructor(support: IsolationSupport = { kind: 'supported' }) {
    this.#support = support;
  }

  /** Networks made in all. */
  get made(): number {
    return this.#made;
  }

  /** From now on no network can be made, for the reason given; or again, without one. */
  failWith(message: string | undefined): void {
    this.#failure = message;
  }

  support(): Promise<IsolationSupport> {
    return Promise.resolve(this.#support);
  }

  async open(options: SandboxOptions): Promise<Sandbox> {
    if (this.#failure !== undefined) throw new Error(this.#failure);
    this.#made += 1;
    this.sandboxes.push(options);
    const close = async () => void this.#forget(options);
    return { wrapper: ['/bin/enter', String(this.#made)], close };
  }

  /** Breaks an open network. */
  lose(options: SandboxOptions, message: string): void {
    if (this.#forget(options)) options.onLost(message);
  }

  #forget(options: SandboxOptions): boolean {
    const index = this.sandboxes.indexOf(options);
    if (index >= 0) this.sandboxes.splice(index, 1);
    return index >= 0;
  }
}
