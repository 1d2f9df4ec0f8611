/** Which table and which socket stand behind a port that clients outside connect to. */
import type { EdgeServer } from '@sluice/serving';

import { routeConfigurationNames } from '../names.ts';
import type { TranslateOptions } from '../options.ts';

/** Ports by which clients outside reach the gateways’ own two listeners. */
const http = 80;
const https = 443;

/** Of each port that gateways are reached at, what may be served there. */
export function edgePorts({ gateway }: TranslateOptions): ReadonlyMap<number, readonly EdgeServer['protocol'][]> {
  const own: [number, readonly EdgeServer['protocol'][]][] = [[http, ['HTTP']], ...(gateway.externalTlsPort === 0 ? [] : [[https, ['HTTPS']] as [number, ['HTTPS']]])];
  return new Map([...own, ...gateway.morePorts.map(({ port }): [number, readonly EdgeServer['protocol'][]] => [port, ['HTTP', 'HTTPS', 'TCP']])]);
}

/** The table of a port; of the two usual ones, that of the listeners which are there anyway. */
export function edgeTable(port: number): string {
  if (port === http) return routeConfigurationNames.external;
  return port === https ? routeConfigurationNames.externalTls : `gateway_${port}`;
}

/** Whether a port has a listener of its own. */
export function hasOwnListener(port: number): boolean {
  return port !== http && port !== https;
}

export function isTlsPort(port: number): boolean {
  return port === https;
}
