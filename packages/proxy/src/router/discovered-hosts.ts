/**
 * A table whose virtual hosts come one by one. Each is compiled once, and a table with other hosts than the last costs what
 * has changed: requests walk a table that never changes, as with any other.
 *
 * Of hosts that claim the same domain the last to come has it, since a server that moves a domain from one to another may
 * tell of the new owner first. Those that stand in the table itself keep theirs.
 */
import type { Problem } from '@sluice/kernel';
import { oversizedBodies, type RouteConfiguration, type VirtualHost } from '@sluice/resources';
import { LayeredMap } from '../layered-map.ts';
import type { CountedNames, RouteTable } from '../route-match.ts';
import { CompileSession, type RouteCompileOptions } from './compile-session.ts';
import { createRouteTable } from './compile-route-table.ts';
import { compileVirtualHost, type CompiledVirtualHost } from './compile-virtual-host.ts';
import { LayeredDomains } from './layered-domains.ts';
import { countedNamesOf } from './request-kinds.ts';

/** A virtual host as it came: its name is the table's, a slash, and a domain. */
export interface DiscoveredHost {
  readonly name: string;
  readonly value: VirtualHost;
}

interface Compiled {
  readonly host: CompiledVirtualHost;
  readonly problems: readonly Problem[];
}

export class DiscoveredHosts {
  readonly #config: RouteConfiguration;
  readonly #options: RouteCompileOptions;
  readonly #compiled = new WeakMap<VirtualHost, Compiled>();
  /** Of the table itself. */
  readonly #own = new Map<string, CompiledVirtualHost>();
  /** Who claims a domain, in the order in which they came; one alone stands for itself. */
  readonly #claims = new Map<string, DiscoveredHost | readonly DiscoveredHost[]>();
  readonly #counted = new Map<string, ReadonlySet<string>>();
  #seen: LayeredMap<DiscoveredHost> = LayeredMap.empty();
  #domains: LayeredDomains<CompiledVirtualHost> = LayeredDomains.empty();
  #table: RouteTable;

  constructor(config: RouteConfiguration, options: RouteCompileOptions) {
    this.#config = config;
    this.#options = options;
    const session = new CompileSession(options);
    config.virtualHosts.forEach((host, index) => {
      const compiled = compileVirtualHost(config, host, `virtual_hosts[${index}]`, session);
      for (const domain of host.domains) this.#own.set(domain, compiled);
    });
    for (const [name, names] of countedNamesOf(config.virtualHosts) ?? []) this.#counted.set(name, names);
    this.#domains = this.#domains.with(this.#own);
    this.#table = this.#createTable(this.#countedNames());
  }

  /** What is wrong with a host in this table. Paths begin inside the host. */
  problemsOf(host: DiscoveredHost): readonly Problem[] {
    const taken = host.value.domains.flatMap((domain, index): Problem[] =>
      this.#own.has(domain) ? [{ path: `domains[${index}]`, message: `is ${JSON.stringify(domain)}, which the table has itself`, severity: 'error' }] : [],
    );
    return [...taken, ...oversizedBodies(host.value, this.#config), ...this.#compile(host).problems];
  }

  /** The table with those of `hosts` that are its own. The same as last time when those are. */
  table(hosts: LayeredMap<DiscoveredHost>): RouteTable {
    const touched = new Set<string>();
    let hasCounted = false;
    for (const { name, before, after } of this.#seen.differencesTo(hosts)) {
      if (!this.#isOwn(name)) continue;
      if (before) this.#withdraw(before, touched);
      if (after) this.#claim(after, touched);
      hasCounted = this.#count(before, after) || hasCounted;
    }
    this.#seen = hosts;
    if (touched.size === 0) return this.#table;
    this.#domains = this.#domains.with([...touched].map((domain) => [domain, this.#ownerOf(domain)] as const));
    this.#table = this.#createTable(hasCounted ? this.#countedNames() : this.#table.counted);
    return this.#table;
  }

  #createTable(counted: CountedNames | undefined): RouteTable {
    return createRouteTable(this.#config, this.#domains, counted);
  }

  #countedNames(): CountedNames | undefined {
    return this.#counted.size === 0 ? undefined : new Map(this.#counted);
  }

  /** Domains have no slash, so the last one ends the table's name. */
  #isOwn(name: string): boolean {
    const { length } = this.#config.name;
    return name.lastIndexOf('/') === length && name.startsWith(this.#config.name);
  }

  #ownerOf(domain: string): CompiledVirtualHost | undefined {
    const own = this.#own.get(domain);
    if (own) return own;
    const claim = this.#claims.get(domain);
    const last = isSeveral(claim) ? claim.at(-1) : claim;
    return last && this.#compile(last).host;
  }

  #claim(host: DiscoveredHost, touched: Set<string>): void {
    for (const domain of host.value.domains) {
      const claim = this.#claims.get(domain);
      this.#claims.set(domain, claim === undefined ? host : [...(isSeveral(claim) ? claim : [claim]), host]);
      touched.add(domain);
    }
  }

  #withdraw(host: DiscoveredHost, touched: Set<string>): void {
    for (const domain of host.value.domains) {
      const claim = this.#claims.get(domain);
      const [first, ...others] = (isSeveral(claim) ? claim : claim ? [claim] : []).filter((one) => one !== host);
      if (first === undefined) this.#claims.delete(domain);
      else this.#claims.set(domain, others.length === 0 ? first : [first, ...others]);
      touched.add(domain);
    }
  }

  /** True when anything of them has numbers of its own. */
  #count(before: DiscoveredHost | undefined, after: DiscoveredHost | undefined): boolean {
    const [old, now] = [before, after].map((host) => host && countedNamesOf([host.value]));
    for (const name of old?.keys() ?? []) this.#counted.delete(name);
    for (const [name, names] of now ?? []) this.#counted.set(name, names);
    return old !== undefined || now !== undefined;
  }

  #compile({ name, value }: DiscoveredHost): Compiled {
    let compiled = this.#compiled.get(value);
    if (!compiled) {
      const session = new CompileSession(this.#options);
      const host = compileVirtualHost(this.#config, value, name, session);
      // What is wrong with the table itself is not the host's.
      const problems = session.problems.filter(({ path }) => path.startsWith(`${name}.`)).map((one) => ({ ...one, path: one.path.slice(name.length + 1) }));
      this.#compiled.set(value, (compiled = { host, problems }));
    }
    return compiled;
  }
}

function isSeveral(claim: DiscoveredHost | readonly DiscoveredHost[] | undefined): claim is readonly DiscoveredHost[] {
  return Array.isArray(claim);
}
