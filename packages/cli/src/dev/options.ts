/** What `sluice dev` was asked for, checked and completed. */
import { resolve } from 'node:path';

export interface DevOptions {
  /** The user's file or folder, absolute. */
  readonly path: string;
  /** Where objects, logs and the kubeconfig are kept, absolute. */
  readonly stateFolder: string;
  /** The gateway's port; the next free one if it is taken; 0 for any. */
  readonly port: number;
  /** The gateway's port for HTTPS, likewise. Undefined: no HTTPS. */
  readonly httpsPort: number | undefined;
  /** The API server's port, likewise. */
  readonly apiPort: number;
}

/** Flags as typed. */
export interface DevFlags {
  readonly stateDir: string;
  readonly port: string;
  readonly httpsPort?: string;
  readonly apiPort: string;
}

export function readDevOptions(path: string, flags: DevFlags): { readonly options: DevOptions } | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const port = readPort('--port', flags.port, problems);
  const apiPort = readPort('--api-port', flags.apiPort, problems);
  const httpsPort = flags.httpsPort === undefined ? undefined : readPort('--https-port', flags.httpsPort, problems);
  if (problems.length > 0) return { problems };
  return { options: { path: resolve(path), stateFolder: resolve(flags.stateDir), port, httpsPort, apiPort } };
}

function readPort(flag: string, text: string, problems: string[]): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) problems.push(`${flag}: ${text} is not a port: a number from 0 to 65535`);
  return port;
}
