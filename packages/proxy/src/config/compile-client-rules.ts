/** How a connection manager finds out who its client is, compiled from what its resource says. */
import { problem, type Problem } from '@sluice/kernel';
import type { ClientAddressConfig, ForwardProtoConfig, IpDetection, StringMatcher } from '@sluice/resources';
import { detectByForwardedFor, detectByHeader } from '../downstream/client-identity.ts';
import type { ClientDetection, InternalAddresses } from '../downstream/client-rules.ts';
import { parseIp, type CidrRange } from '../ip-address.ts';
import type { ConnectionManagerConfig } from '../proxy-config.ts';
import type { PatternCompiler } from '../router/compile-session.ts';
import { compileStringMatcher } from '../router/string-test.ts';

type ClientRules = Pick<ConnectionManagerConfig, 'internalAddresses' | 'clientDetections'>;

/** `path` is the connection manager's. */
export function compileClientRules({ internalAddresses, ipDetections }: ClientAddressConfig, path: string, problems: Problem[]): ClientRules {
  const ranges = internalAddresses.ranges.flatMap(({ addressPrefix, prefixBits }, index): CidrRange[] => {
    const address = parseIp(addressPrefix);
    if (address) return [{ address, prefixBits }];
    problems.push(problem(`${path}.internal_address_config.cidr_ranges[${index}].address_prefix`, `is ${JSON.stringify(addressPrefix)}, must be an IP address`));
    return [];
  });
  const internal: InternalAddresses = { unixSockets: internalAddresses.unixSockets, ranges };
  return {
    ...(ranges.length > 0 || internal.unixSockets ? { internalAddresses: internal } : {}),
    ...(ipDetections.length > 0 ? { clientDetections: ipDetections.map(compileDetection) } : {}),
  };
}

function compileDetection(detection: IpDetection): ClientDetection {
  if (detection.kind === 'xff') return detectByForwardedFor(detection.trustedHops, !detection.skipsAppend);
  return detectByHeader(detection.header, detection.allowsTrustedAddressChecks, detection.rejectStatus);
}

/** Empty for a manager that goes by the transport alone. */
export function protoByPort(config: ForwardProtoConfig | undefined): ReadonlyMap<number, 'http' | 'https'> {
  const http = config?.httpPorts.map((port) => [port, 'http'] as const) ?? [];
  const https = config?.httpsPorts.map((port) => [port, 'https'] as const) ?? [];
  return new Map<number, 'http' | 'https'>([...http, ...https]);
}

/** Undefined when none is. `path` is the protocol options'. */
export function compileIgnoredUpgrades(matchers: readonly StringMatcher[], path: string, patterns: PatternCompiler): ConnectionManagerConfig['ignoresUpgrade'] {
  if (matchers.length === 0) return undefined;
  const tests = matchers.map((matcher, index) => compileStringMatcher(matcher, `${path}.ignore_http_11_upgrade[${index}]`, patterns));
  return (token) => tests.some((test) => test(token));
}
