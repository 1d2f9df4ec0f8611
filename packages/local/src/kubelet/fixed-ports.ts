/**
 * Programs that listen on their declared containerPort whatever `PORT` says. A port can be had once on a machine, so
 * such a program runs as one pod. What one pod of a template taught counts for its siblings.
 */
export class FixedPorts {
  /** `template/port` of programs known to insist. */
  readonly #insistent = new Set<string>();
  readonly #holders = new Map<number, { readonly podKey: string; readonly podUid: string }>();

  /** Whether pods of this template are known to listen on `port` and no other. */
  isFixed(template: string, port: number): boolean {
    return this.#insistent.has(`${template}/${port}`);
  }

  /** A pod of the template was seen to insist. */
  learn(template: string, port: number): void {
    this.#insistent.add(`${template}/${port}`);
  }

  /** Takes the port for a pod. Undefined when it was free; otherwise the key of the pod that has it. */
  claim(port: number, podKey: string, podUid: string): string | undefined {
    const holder = this.#holders.get(port);
    if (holder && holder.podUid !== podUid) return holder.podKey;
    this.#holders.set(port, { podKey, podUid });
    return undefined;
  }

  /** Frees whatever the pod holds. */
  release(podUid: string): void {
    for (const [port, holder] of this.#holders) if (holder.podUid === podUid) this.#holders.delete(port);
  }
}
