/** What stands in a filter chain besides the connection manager: its transport socket, and network filters. */
import { formatAddress, type Problem } from '@sluice/kernel';
import { connectionManagerOf, type FilterChain, type Listener, type TransportSocketConfig } from '@sluice/resources';
import type { TransportSocket } from '../downstream/transport-socket.ts';
import { transportSockets } from '../downstream/transport-sockets.ts';
import type { CreateFilterContext } from '../filters/filter-context.ts';
import type { ConnectionGate } from '../network-filters/connection-gate.ts';
import type { NetworkServerConfig } from '../network-filters/network-server-config.ts';
import { standardNetworkFilters } from '../network-filters/standard-network-filters.ts';
import { createPatternCompiler } from '../router/compile-session.ts';
import type { RegexEngine } from '../router/regex-engine.ts';
import { compileAccessLogs, type LogCompileOptions } from './compile-access-logs.ts';
import type { TlsRegistry } from '../tls/tls-registry.ts';

export interface NetworkCompileOptions extends LogCompileOptions {
  readonly createContext: CreateFilterContext;
  readonly regexEngine: RegexEngine;
  readonly tls: TlsRegistry;
}

/** All filters but the connection manager; the last one must serve, and no other may. */
export function compileNetworkFilters(
  { filters }: FilterChain,
  path: string,
  problems: Problem[],
  options: NetworkCompileOptions,
): { readonly gates: readonly ConnectionGate[]; readonly server: NetworkServerConfig | undefined } {
  const gates: ConnectionGate[] = [];
  let server: NetworkServerConfig | undefined;
  filters.forEach((filter, index) => {
    const { name, typeName, config } = filter;
    const isLast = index === filters.length - 1;
    const at = `${path}.filters[${index}]`;
    const factory = standardNetworkFilters.find((candidate) => candidate.typeName === typeName);
    const isTerminal = factory?.isTerminal ?? connectionManagerOf(filter) !== undefined;
    if (isTerminal !== isLast) {
      problems.push(error(at, isTerminal ? `is ${name}, which serves connections and must be the last` : `is ${name}, which serves no connections and must not be the last`));
    } else if (factory) {
      const patterns = createPatternCompiler(options.regexEngine, `${at}.typed_config`, problems);
      const part = factory.create(config, {
        ...options.createContext(''),
        patterns,
        compileAccessLogs: (logs, within) => compileAccessLogs(logs, `${at}.typed_config.${within}`, problems, options),
      });
      if (part.kind === 'gate') gates.push(part.gate);
      else server = part.server;
    }
  });
  return { gates, server };
}

export function compileTransportSocket(
  { typeName, config }: TransportSocketConfig,
  path: string,
  listener: Listener,
  problems: Problem[],
  { createContext, tls }: NetworkCompileOptions,
): TransportSocket | undefined {
  const factory = transportSockets.find((candidate) => candidate.typeName === typeName);
  const configPath = `${path}.typed_config`;
  if (!factory) {
    problems.push(error(configPath, `is ${typeName}, which this proxy does not have`));
    return undefined;
  }
  return factory.create(config, {
    ...createContext(''),
    tls,
    listenerStatPrefix: listener.statPrefix || formatAddress(listener.address),
    error: (at, message) => void problems.push(error(at === '' ? configPath : `${configPath}.${at}`, message)),
  });
}

function error(path: string, message: string): Problem {
  return { path, message, severity: 'error' };
}
