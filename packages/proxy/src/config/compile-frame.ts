/** What a listener is besides its chains: addresses, who looks at connections, and how chains are told apart. */
import type { Problem } from '@sluice/kernel';
import type { FilterChain, Listener, ListenerFilter } from '@sluice/resources';
import { compileChainMatch, noChain, type ChooseChain } from '../downstream/chain-match.ts';
import { originalDstTypeName } from '../downstream/listener-filters/original-dst.ts';
import { SkippingFilter } from '../downstream/listener-filters/skipping-filter.ts';
import { standardListenerFilters } from '../downstream/listener-filters/standard-listener-filters.ts';
import { defaultTlsInspector, tlsInspectorTypeName } from '../downstream/listener-filters/tls-inspector.ts';
import type { CreateFilterContext } from '../filters/filter-context.ts';
import type { Inspection, ListenerConfig } from '../proxy-config.ts';
import { compileAccessLogs, type LogCompileOptions } from './compile-access-logs.ts';

export type ListenerFrame = Omit<ListenerConfig, 'name' | 'version' | 'connectionsMax' | 'filterChains'>;

export function compileFrame(listener: Listener, problems: Problem[], createContext: CreateFilterContext, logOptions: LogCompileOptions): ListenerFrame {
  const choice = compileChoice(listener, problems);
  const inspection = compileInspection(listener, choice.needsTlsInspection, problems, createContext);
  const { backlog, keepalive } = listener;
  return {
    frameVersion: listener.frameVersion,
    address: listener.address,
    additionalAddresses: listener.additionalAddresses,
    bindsToPort: listener.bindsToPort,
    statPrefix: listener.statPrefix,
    reusePort: listener.reusePort,
    isInbound: listener.trafficDirection === 'INBOUND',
    ...(backlog === undefined ? {} : { backlog }),
    ...(keepalive === undefined ? {} : { keepaliveMs: keepalive.timeMs }),
    countsGlobally: listener.countsGlobally,
    bypassesOverload: listener.bypassesOverload,
    bufferBytesMax: listener.connectionBufferBytesMax,
    usesOriginalDestination: listener.usesOriginalDestination,
    ...(inspection ? { inspection } : {}),
    ...(choice.chooseChain ? { chooseChain: choice.chooseChain } : {}),
    accessLogs: compileAccessLogs(listener.accessLogs, 'access_log', problems, logOptions),
  };
}

/** No choice at all where one chain serves everybody. */
function compileChoice({ filterChains, defaultFilterChain }: Listener, problems: Problem[]): { readonly chooseChain: ChooseChain | undefined; readonly needsTlsInspection: boolean } {
  const { choose, duplicates, needsTlsInspection } = compileChainMatch(filterChains.map(({ match }) => match));
  for (const { first, second } of duplicates) {
    problems.push(error(`filter_chains[${second}].filter_chain_match`, `matches connections that filter_chains[${first}] matches, and neither more nor less exactly`));
  }
  const asksNothing = filterChains.length === 0 || (filterChains.length === 1 && asksForNothing(filterChains[0] as FilterChain));
  if (asksNothing) return { chooseChain: undefined, needsTlsInspection: false };
  const fallback = defaultFilterChain ? filterChains.length : noChain;
  const chooseChain: ChooseChain = (facts) => {
    const chosen = choose(facts);
    return chosen === noChain ? fallback : chosen;
  };
  return { chooseChain, needsTlsInspection };
}

function asksForNothing({ match }: FilterChain): boolean {
  const { destinationPort, transportProtocol, sourceType, ...lists } = match;
  return destinationPort === undefined && transportProtocol === '' && sourceType === 'ANY' && Object.values(lists).every(({ length }) => length === 0);
}

function compileInspection(listener: Listener, needsTls: boolean, problems: Problem[], createContext: CreateFilterContext): Inspection | undefined {
  const context = createContext('');
  const configured: Pick<ListenerFilter, 'typeName' | 'config' | 'disabledFor'>[] = [...listener.listenerFilters];
  const has = (typeName: string) => configured.some((filter) => filter.typeName === typeName);
  if (listener.usesOriginalDestination && !has(originalDstTypeName)) configured.unshift({ typeName: originalDstTypeName, config: {} });
  if (needsTls && !has(tlsInspectorTypeName)) {
    configured.push({ typeName: tlsInspectorTypeName, config: defaultTlsInspector });
    problems.push({ path: 'listener_filters', message: 'has no tls_inspector, which filter chains need that match by what TLS shows; one is added', severity: 'warning' });
  }
  const filters = configured.flatMap(({ typeName, config, disabledFor }, index) => {
    const factory = standardListenerFilters.find((candidate) => candidate.typeName === typeName);
    const filter = factory?.create(config, context);
    if (filter) return [disabledFor ? new SkippingFilter(filter, disabledFor) : filter];
    problems.push(error(`listener_filters[${index}].typed_config`, `is ${typeName}, which this proxy does not have`));
    return [];
  });
  const { listenerFiltersTimeoutMs: timeoutMs, continuesOnTimeout } = listener;
  return filters.length === 0 ? undefined : { filters, timeoutMs, continuesOnTimeout };
}

function error(path: string, message: string): Problem {
  return { path, message, severity: 'error' };
}
