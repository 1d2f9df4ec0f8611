/** What is gathered for each port while objects are read: rules by domain, and which names are whose. */
import type { AttachPoint } from './gateway-listeners.ts';
import type { EdgeHost, EdgePassage, EdgeServer } from './edge-model.ts';
import { covers, specificity } from './hostnames.ts';
import { sortRules, type OrderedRule } from './ordered-rules.ts';

export class ServedHosts {
  readonly port: number;
  readonly protocol: EdgeServer['protocol'];
  readonly #rules = new Map<string, OrderedRule[]>();
  /** Hostnames of the listeners. */
  readonly #hostnames = new Set<string>();
  /** By name, the Secrets that are shown. */
  readonly #names = new Map<string, readonly string[]>();
  readonly #passed = new Map<string, EdgePassage>();
  /** Of each domain, which kind of Gateway API's routes has it, it is never both; of a port for TCP, which route. */
  readonly #kinds = new Map<string, string>();

  constructor(port: number, protocol: EdgeServer['protocol']) {
    this.port = port;
    this.protocol = protocol;
  }

  /** The first to name a host says what is shown for it. */
  addListener({ hostname, certificates }: Pick<AttachPoint, 'hostname' | 'certificates'>): void {
    this.#hostnames.add(hostname);
    this.show(hostname, certificates);
  }

  show(name: string, certificates: readonly string[]): void {
    if (certificates.length > 0 && !this.#names.has(name)) this.#names.set(name, certificates);
  }

  /** The first to name it has it, and what is shown for a name is not handed on. */
  pass(passage: EdgePassage): void {
    const { name } = passage;
    if (!this.#passed.has(name) && !this.#names.has(name)) this.#passed.set(name, passage);
  }

  /**
   * Whether a domain may be had by a route of a kind, and then is. Routes come in the order of their age.
   * @param kind of TCP, the route itself
   * @param domain that both the listener and the route are for
   */
  claim(domain: string, kind: string): boolean {
    const holder = this.#kinds.get(domain);
    if (holder === undefined) this.#kinds.set(domain, kind);
    return holder === undefined || holder === kind;
  }

  /** Whether requests for a domain come to the listener of this hostname, and not to one whose hostname is nearer. */
  isNearest(hostname: string, domain: string): boolean {
    return ![...this.#hostnames].some((other) => other !== hostname && covers(other, domain) && specificity(other) > specificity(hostname));
  }

  add(domain: string, rules: readonly OrderedRule[]): void {
    const known = this.#rules.get(domain);
    if (known) known.push(...rules);
    else this.#rules.set(domain, [...rules]);
  }

  /** @param isTaken hosts that somebody else serves */
  finish(isTaken: (host: string) => boolean): EdgeServer {
    // Who asks for a listener's name is at that listener, even where nothing is attached to it.
    for (const hostname of this.#hostnames) {
      const isShadowing = [...this.#rules.keys()].some((domain) => domain !== hostname && covers(domain, hostname));
      if (isShadowing && !this.#rules.has(hostname) && !isTaken(hostname)) this.#rules.set(hostname, []);
    }
    const hosts = [...this.#rules].map(([domain, rules]): EdgeHost => ({ domain, rules: sortRules(rules) }));
    const names = [...this.#names].map(([name, certificates]) => ({ name, certificates }));
    const byText = (a: string, b: string): number => (a < b ? -1 : 1);
    return {
      port: this.port,
      protocol: this.protocol,
      hosts: hosts.sort((a, b) => byText(a.domain, b.domain)),
      names: names.sort((a, b) => byText(a.name, b.name)),
      passed: [...this.#passed.values()].sort((a, b) => byText(a.name, b.name)),
    };
  }
}

/** By port; made when first asked for. */
export class ServedPorts {
  readonly #ports = new Map<number, ServedHosts>();

  at(port: number, protocol: EdgeServer['protocol']): ServedHosts {
    const known = this.#ports.get(port);
    if (known) return known;
    const made = new ServedHosts(port, protocol);
    this.#ports.set(port, made);
    return made;
  }

  finish(isTaken: (host: string) => boolean): EdgeServer[] {
    return [...this.#ports.values()].sort((a, b) => a.port - b.port).map((hosts) => hosts.finish(isTaken));
  }
}
