/** Asks one host once how it is, as its cluster's check says. */
import type { CheckResult, Host } from '@sluice/balancing';
import type { Address, Network, Timers } from '@sluice/kernel';
import type { HealthCheck, HttpCheck, StatusRange } from '@sluice/resources';
import { probeHttp } from '../probe/http-probe.ts';
import { exchangeBytes } from '../probe/tcp-exchange.ts';

export interface AskHostOptions {
  readonly clusterName: string;
  readonly check: HealthCheck;
  readonly network: Network;
  readonly timers: Timers;
}

/** `onResult` is called once, never from within this call, with what is in the way where something is. */
export function askHost(host: Host, options: AskHostOptions, onResult: (result: CheckResult, reason: string) => void): void {
  const { check, network, timers } = options;
  const address = addressOf(host);
  if (check.question.kind === 'http') {
    askHttp(host, address, check.question, options, onResult);
    return;
  }
  const { send, receive } = check.question;
  exchangeBytes(network, timers, { address, send, receive, timeoutMs: check.timeoutMs }, (failure) => {
    if (failure === undefined) onResult({ kind: 'passed', degraded: false }, '');
    else onResult({ kind: 'unreachable', timedOut: failure.timedOut }, failure.reason);
  });
}

function askHttp(
  host: Host,
  address: Address,
  { host: hostHeader, path, method, headers, expectedStatuses, retriableStatuses }: HttpCheck,
  { clusterName, check, network, timers }: AskHostOptions,
  onResult: (result: CheckResult, reason: string) => void,
): void {
  const probe = {
    address,
    method,
    path,
    host: host.endpoint.check.hostname || hostHeader || clusterName,
    headers: { 'user-agent': 'Envoy/HC', ...headers },
    timeoutMs: check.timeoutMs,
  };
  probeHttp(network, timers, probe, (result) => {
    if (result.kind === 'failed') return onResult({ kind: 'unreachable', timedOut: result.timedOut }, result.reason);
    const { status } = result;
    if (isWithin(status, expectedStatuses)) return onResult({ kind: 'passed', degraded: result.isDegraded }, '');
    onResult({ kind: 'refused', retriable: isWithin(status, retriableStatuses) }, `status ${status}`);
  });
}

function addressOf({ address, endpoint }: Host): Address {
  return endpoint.check.port === 0 ? address : { ...address, port: endpoint.check.port };
}

function isWithin(status: number, ranges: readonly StatusRange[]): boolean {
  return ranges.some(({ start, end }) => status >= start && status < end);
}
