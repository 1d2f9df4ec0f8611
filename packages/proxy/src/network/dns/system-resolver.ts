/**
 * Names by the hosts file and by DNS servers, as the system's own resolver would, but by c-ares (`node:dns`'s `Resolver`)
 * instead of `getaddrinfo`: that runs in Node's thread pool, where four servers that do not answer hold up everything
 * else that waits for a thread.
 */
import type { Resolver as CaresResolver } from 'node:dns';
import { createRequire } from 'node:module';
import {
  chooseFamily,
  formatAddress,
  isIpLiteral,
  type LookupFamily,
  type Meter,
  type NameAnswer,
  type NameLookup,
  type NameQuery,
  type ResolvedAddress,
  type Resolver,
  type ResolverSettings,
} from '@sluice/kernel';
import { parseHostsFile, type HostsFile } from './hosts-file.ts';
import { isNothing, NameStatistics } from './name-statistics.ts';
import { candidatesOf, emptyResolvConf, parseResolvConf, type ResolvConf } from './resolv-conf.ts';
import { WatchedFile } from './watched-file.ts';

export interface SystemResolverOptions {
  /** Monotonic ms. */
  readonly now: () => number;
  /** For queries that bring none of their own. Default the system's. */
  readonly settings?: ResolverSettings | undefined;
  /** Where questions to servers are counted. Default nowhere. */
  readonly meter?: Meter | undefined;
  /** Default `/etc/hosts`. */
  readonly hostsPath?: string;
  /** Default `/etc/resolv.conf`. */
  readonly resolvConfPath?: string;
}

/** Of one server for one answer, in ms, and how often all are asked. Chosen: an answer late by seconds is none for a proxy. */
const defaultTimeoutMs = 2000;
const defaultTriesMax = 3;

interface FamilyAnswer {
  readonly addresses: readonly ResolvedAddress[];
  /** Undefined: servers have answered. */
  readonly failure: string | undefined;
}

export class SystemResolver implements Resolver {
  readonly #options: SystemResolverOptions;
  readonly #hosts: WatchedFile<HostsFile>;
  readonly #resolvConf: WatchedFile<ResolvConf>;
  /** By settings. */
  readonly #cares = new Map<string, CaresResolver>();
  #resolvConfVersion = 0;
  #statistics: NameStatistics | undefined;

  constructor(options: SystemResolverOptions) {
    this.#options = options;
    this.#hosts = new WatchedFile(options.hostsPath ?? '/etc/hosts', parseHostsFile, options.now);
    this.#resolvConf = new WatchedFile(options.resolvConfPath ?? '/etc/resolv.conf', parseResolvConf, options.now);
  }

  resolve(query: NameQuery, onAnswer: (answer: NameAnswer) => void): NameLookup {
    let isCancelled = false;
    const answer = async (): Promise<void> => {
      const found = await this.#answer(query);
      if (!isCancelled) onAnswer(found);
    };
    void answer();
    return { cancel: () => void (isCancelled = true) };
  }

  /** Never rejects. */
  async #answer({ name, family, settings = this.#options.settings }: NameQuery): Promise<NameAnswer> {
    if (isIpLiteral(name)) return found([{ host: name, ttlMs: Number.POSITIVE_INFINITY }]);
    const local = this.#locally(name.toLowerCase().replace(/\.$/, ''), family);
    if (local.length > 0) return found(local);
    const conf = settings?.searches === false ? emptyResolvConf : this.#resolvConf.read();
    const cares = this.#caresFor(settings);
    if (this.#options.meter) this.#statistics ??= new NameStatistics(this.#options.meter);
    for (const candidate of candidatesOf(name, conf)) {
      const answer = await ask(cares, candidate, family, this.#statistics);
      // The next name is another one: who takes it because of a server's trouble may come to somebody else's hosts.
      if (answer.kind !== 'empty') return answer;
    }
    return { kind: 'empty' };
  }

  /**
   * What this machine knows without asking. `localhost` is always itself (RFC 6761 6.3), and unless a family is asked
   * for its IPv4 address comes first: that is where what runs on a laptop listens.
   */
  #locally(name: string, family: LookupFamily): readonly ResolvedAddress[] {
    const isLocalhost = name === 'localhost' || name.endsWith('.localhost');
    const known = this.#hosts.read().get(name) ?? (isLocalhost ? ['127.0.0.1', '::1'] : []);
    const addresses = known.map((host): ResolvedAddress => ({ host, ttlMs: Number.POSITIVE_INFINITY }));
    const wanted = isLocalhost && family === 'AUTO' ? 'V4_PREFERRED' : family;
    return chooseFamily(wanted, addresses.filter(({ host }) => !host.includes(':')), addresses.filter(({ host }) => host.includes(':')));
  }

  /** Servers of the system may change while we run (a laptop changes its network): then they are read anew. */
  #caresFor(settings: ResolverSettings | undefined): CaresResolver {
    this.#resolvConf.read();
    if (this.#resolvConf.version !== this.#resolvConfVersion) {
      this.#resolvConfVersion = this.#resolvConf.version;
      this.#cares.clear();
    }
    const servers = settings?.servers.map(formatAddress) ?? [];
    const timeout = settings?.timeoutMs ?? defaultTimeoutMs;
    const tries = settings?.triesMax ?? defaultTriesMax;
    const key = JSON.stringify([servers, timeout, tries]);
    let cares = this.#cares.get(key);
    if (!cares) {
      cares = new (nodeDns().Resolver)({ timeout, tries });
      if (servers.length > 0) cares.setServers(servers);
      this.#cares.set(key, cares);
    }
    return cares;
  }
}

/** Loaded with the first name that a server is asked for: most proxies have none. */
function nodeDns(): typeof import('node:dns') {
  return createRequire(import.meta.url)('node:dns') as typeof import('node:dns');
}

/** Both families at once where both may be wanted. One that has failed does not spoil what the other has found. */
async function ask(cares: CaresResolver, name: string, family: LookupFamily, statistics: NameStatistics | undefined): Promise<NameAnswer> {
  const [v4, v6] = await Promise.all([
    family === 'V6_ONLY' ? nothing : askFamily(cares, name, 'resolve4', statistics),
    family === 'V4_ONLY' ? nothing : askFamily(cares, name, 'resolve6', statistics),
  ]);
  const addresses = chooseFamily(family, v4.addresses, v6.addresses);
  if (addresses.length > 0) return found(addresses);
  const reason = v4.failure ?? v6.failure;
  return reason === undefined ? { kind: 'empty' } : { kind: 'failed', reason };
}

const nothing: FamilyAnswer = { addresses: [], failure: undefined };

function askFamily(cares: CaresResolver, name: string, method: 'resolve4' | 'resolve6', statistics: NameStatistics | undefined): Promise<FamilyAnswer> {
  const { promise, resolve } = Promise.withResolvers<FamilyAnswer>();
  try {
    cares[method](name, { ttl: true }, (error, records) => {
      statistics?.onAnswered(error ? (error.code ?? '') : undefined);
      if (!error) resolve({ addresses: records.map(({ address, ttl }) => ({ host: address, ttlMs: ttl * 1000 })), failure: undefined });
      else resolve(isNothing(error.code ?? '') ? nothing : { addresses: [], failure: error.code ?? error.message });
    });
    statistics?.onAsked();
  } catch (error) {
    // A name that can be none (too long, with spaces) is refused before anybody is asked.
    resolve({ addresses: [], failure: (error as Error).message });
  }
  return promise;
}

function found(addresses: readonly ResolvedAddress[]): NameAnswer {
  return { kind: 'addresses', addresses };
}
