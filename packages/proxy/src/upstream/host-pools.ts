/** The right kind of pool for a host: by protocol, by TLS, by names that follow from requests. */
import { Buffer } from 'node:buffer';
import type { Host } from '@sluice/balancing';
import { isIpLiteral } from '@sluice/kernel';
import type { ClusterConfig } from '../proxy-config.ts';
import type { UpstreamStatistics } from '../statistics.ts';
import type { ClientTls } from '../tls/client-tls.ts';
import { AdoptingNetwork } from './adopting-network.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { ConnectionPool } from './connection-pool.ts';
import { EitherPool } from './either-pool.ts';
import type { HostPool } from './host-pool.ts';
import { Http2Pool } from './http2-pool.ts';
import { NamedPools, type NamedPoolsOptions } from './named-pools.ts';
import { NegotiatedPool } from './negotiated-pool.ts';
import { prefacedContext } from './prefaced-network.ts';
import type { ProxyPreambles } from './proxy-preambles.ts';
import { securedContext, type SecuredWish } from './secured-network.ts';
import { withNetwork, type UpstreamContext } from './upstream-context.ts';

export interface HostPoolParts {
  readonly host: Host;
  readonly config: ClusterConfig;
  readonly context: UpstreamContext;
  readonly statistics: UpstreamStatistics;
  readonly breaker: CircuitBreaker;
}

type OnEmpty = (pool: HostPool) => void;

/** `onEmpty` is called when it is drained and has nothing left. */
export function createHostPool(parts: HostPoolParts, onEmpty: OnEmpty): HostPool {
  const preambles = parts.config.transports?.preamblesOf(parts.host);
  if (preambles) return createPrefaced(parts, preambles, onEmpty);
  return parts.config.resource.hasPoolPerClient === true ? createPerClient(parts, onEmpty) : createPlain(parts, onEmpty);
}

/** Names of servers are clients' to choose. Chosen: more than a host serves, as a rule. */
const serverNamesMax = 100;
/** Beyond so many, those of clients that have nothing under way close. Chosen: about as many as Envoy's default for `max_connections`. */
const restingClientsMax = 1000;

/** Each client has connections of its own, since they say at their beginning whose they are. */
function createPrefaced(parts: HostPoolParts, preambles: ProxyPreambles, onEmpty: OnEmpty): HostPool {
  const { host, context } = parts;
  return new NamedPools(
    host,
    {
      ...roomForClients(parts),
      nameOf: ({ proxiedFor }) => preambles.of(proxiedFor).toString('latin1'),
      create: (preamble, onClientEmpty) => createPlain({ ...parts, context: prefacedContext(context, Buffer.from(preamble, 'latin1')) }, onClientEmpty),
    },
    onEmpty,
  );
}

/** Each connection of a client has its own: what a host has agreed on with one must not be another's. Our own errands share one pool. */
function createPerClient(parts: HostPoolParts, onEmpty: OnEmpty): HostPool {
  return new NamedPools(
    parts.host,
    { ...roomForClients(parts), nameOf: ({ proxiedFor }) => String(proxiedFor?.connectionId ?? 0), create: (_, onClientEmpty) => createPlain(parts, onClientEmpty) },
    onEmpty,
  );
}

function roomForClients({ breaker, statistics }: HostPoolParts): Pick<NamedPoolsOptions, 'admits' | 'refusal'> {
  return {
    admits(size, makeRoom) {
      if (breaker.allowsConnection) {
        if (size >= restingClientsMax) makeRoom(false);
        return true;
      }
      // A pool gives a host its first connection whatever the limit says, and each client's is the first here.
      if (makeRoom(true)) return true;
      statistics.connectionOverflows.add();
      return false;
    },
    refusal: ['upstream-overflow', 'too many connections'],
  };
}

function createPlain(parts: HostPoolParts, onEmpty: OnEmpty): HostPool {
  const { host, config } = parts;
  const tls = config.transports?.of(host);
  if (!tls) return createByProtocol(parts, parts.context, parts.context, onEmpty);
  const { autoSni } = config.resource.http;
  if (!autoSni?.takesSniFromRequest) return createSecured(parts, tls, serverNameOf(host, tls), autoSni?.checksSni ?? false, onEmpty);
  const create = (name: string, onNamedEmpty: () => void) => createSecured(parts, tls, name, autoSni.checksSni, onNamedEmpty);
  return new NamedPools(
    host,
    {
      nameOf: (client) => client.serverNameFrom?.(autoSni.fromHeader) ?? '',
      create,
      admits: (size, makeRoom) => size < serverNamesMax || makeRoom(false),
      refusal: ['upstream-overflow', 'too many names of servers'],
    },
    onEmpty,
  );
}

/** What a host is asked for, where no request says so. Undefined leaves it to the configuration. */
export function serverNameOf({ endpoint }: Host, { context }: ClientTls): string | undefined {
  return context.takesSniFromHost && endpoint.hostname !== '' && !isIpLiteral(endpoint.hostname) ? endpoint.hostname : undefined;
}

function createSecured(parts: HostPoolParts, tls: ClientTls, serverName: string | undefined, checksServerName: boolean, onEmpty: OnEmpty): HostPool {
  const { context, config } = parts;
  const wish = (alpnProtocols: readonly string[], more: Partial<SecuredWish> = {}): UpstreamContext =>
    securedContext(context, tls, { serverName, checksServerName, alpnProtocols, ...more });
  if (config.resource.http.negotiates) return createNegotiated(parts, wish, onEmpty);
  return createByProtocol(parts, wish(['http/1.1']), wish(['h2']), onEmpty);
}

function createNegotiated(parts: HostPoolParts, wish: (alpn: readonly string[], more?: Partial<SecuredWish>) => UpstreamContext, onEmpty: OnEmpty): HostPool {
  const { host, config, context, statistics, breaker } = parts;
  const { connectTimeoutMs } = config;
  const both = ['h2', 'http/1.1'];
  return new NegotiatedPool(
    host,
    {
      context,
      statistics,
      breaker,
      connectTimeoutMs,
      connect: (handler) => wish(both).network.connect(host.address, handler, { timeoutMs: connectTimeoutMs }),
      create(alpnProtocol, open, onPoolEmpty, onOtherProtocol) {
        const later = wish(both, { alpnProtocol, onOtherProtocol });
        const adopting = withNetwork(later, new AdoptingNetwork(later.network, context.timers, open));
        return alpnProtocol === 'h2' ? createHttp2(parts, adopting, onPoolEmpty) : createHttp1(parts, adopting, onPoolEmpty);
      },
    },
    onEmpty,
  );
}

function createByProtocol(parts: HostPoolParts, http1: UpstreamContext, http2: UpstreamContext, onEmpty: OnEmpty): HostPool {
  const { http2: options, followsDownstream, negotiates } = parts.config.resource.http;
  if (!options || negotiates) return createHttp1(parts, http1, onEmpty);
  if (!followsDownstream) return createHttp2(parts, http2, onEmpty);
  return new EitherPool(parts.host, (forget) => createHttp1(parts, http1, forget), (forget) => createHttp2(parts, http2, forget), onEmpty);
}

function createHttp1({ host, config, statistics, breaker }: HostPoolParts, context: UpstreamContext, onEmpty: OnEmpty): HostPool {
  return new ConnectionPool(host, config, context, statistics, breaker, onEmpty);
}

function createHttp2({ host, config, statistics, breaker }: HostPoolParts, context: UpstreamContext, onEmpty: OnEmpty): HostPool {
  const { http2 } = config.resource.http;
  if (!http2) throw new TypeError('there is no pool of HTTP/2 without its options');
  return new Http2Pool(host, config, http2, context, statistics, breaker, onEmpty);
}
