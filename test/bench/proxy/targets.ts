/** Who is measured: each with its configuration. All proxy to the same backend over kept-alive connections. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from '../method/measured-process.ts';
import { dataPlaneFlags } from '@sluice/cli';
import { bundleProxy, proxyCommand } from '../method/bundled-proxy.ts';
import { findTool } from '../method/tools.ts';
import { haproxyCfg } from './config/haproxy-cfg.ts';
import { nginxBackendConf, nginxProxyConf } from './config/nginx-conf.ts';
import { sluiceYaml, type SluiceYamlOptions } from './config/sluice-yaml.ts';

const here = import.meta.dirname;

/** The body of every small reply: about a hundred bytes. */
export const replyBody = 'a small reply of about one hundred bytes, as a health check or a small API call would give it, no more';

/** Files of the backend, by name and size. */
export const backendFiles: Readonly<Record<string, number>> = { '10k': 10_240, '1m': 1_048_576 };

/** Bytes that do not repeat within a read, so that any that are lost or swapped are seen. */
export function patternBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let index = 0; index < length; index += 1) bytes[index] = 33 + (Math.imul(index ^ (index >>> 7), 2_654_435_761) >>> 25) % 90;
  return bytes;
}

export interface Backends {
  readonly folder: string;
  readonly backendPort: number;
  readonly echoPort: number;
  /** The proxy in one file. */
  readonly bundled: string;
}

/** Started before anything that is measured; `port` and the next are theirs. */
export async function startableBackends(folder: string, port: number, nginx: string): Promise<{ readonly backends: Backends; readonly commands: readonly Command[] }> {
  mkdirSync(join(folder, 'files'), { recursive: true });
  for (const [name, bytes] of Object.entries(backendFiles)) writeFileSync(join(folder, 'files', name), patternBytes(bytes));
  return {
    backends: { folder, backendPort: port, echoPort: port + 1, bundled: await bundleProxy(folder) },
    commands: [
      { name: 'backend', file: nginx, args: ['-c', write(folder, 'backend.conf', nginxBackendConf(folder, port, replyBody))], port },
      { name: 'echo', file: process.execPath, args: [join(here, 'echo-main.ts'), String(port + 1)], port: port + 1 },
    ],
  };
}

/** How to start a target on `port`, or why it cannot be. */
export function targetCommand(name: string, port: number, backends: Backends): Command | { readonly reason: string } {
  const { folder, backendPort, echoPort } = backends;
  switch (name) {
    case 'nginx':
      return nginx(name, { folder, name, port, backendPort, echoPort });
    case 'nginx-log':
      return nginx(name, { folder, name, port, backendPort, echoPort, accessLog: accessLogOf(name, folder) });
    case 'nginx-tls':
      return withCertificate(folder, (tls) => nginx(name, { folder, name, port, backendPort, echoPort, tls }));
    case 'haproxy': {
      const haproxy = findTool('haproxy');
      if (!haproxy) return { reason: 'not installed (Debian: apt-get install haproxy)' };
      return { name, file: haproxy, args: ['-db', '-f', write(folder, 'haproxy.cfg', haproxyCfg(port, backendPort, echoPort))], port };
    }
    case 'http-proxy-middleware':
      return { name, file: process.execPath, args: [join(here, 'middleware-main.ts'), String(port), String(backendPort), String(echoPort)], port };
    case 'sluice':
      return sluice(name, backends, { port, backendPort, echoPort });
    case 'sluice-hosts':
      return sluice(name, backends, { port, backendPort, echoPort, virtualHosts: 1000 });
    case 'sluice-tls':
      return withCertificate(folder, (tls) => sluice(name, backends, { port, backendPort, echoPort, tls }));
    case 'sluice-instruments': {
      const config = write(folder, 'instruments.json', JSON.stringify({ port, backendPort, echoPort, accessLog: accessLogOf(name, folder) } satisfies SluiceYamlOptions));
      return { name, file: process.execPath, args: [...dataPlaneFlags, join(here, 'instruments-main.ts'), config], port };
    }
    default:
      return { reason: 'unknown' };
  }
}

/** Targets whose requests leave a line each. */
export const loggingTargets: readonly string[] = ['nginx-log', 'sluice-instruments'];

export function accessLogOf(target: string, folder: string): string {
  return join(folder, `${target}.access`);
}

function nginx(name: string, options: Parameters<typeof nginxProxyConf>[0]): Command | { readonly reason: string } {
  const file = findTool('nginx');
  if (!file) return { reason: 'not installed (Debian: apt-get install nginx-light)' };
  return { name, file, args: ['-c', write(options.folder, `${name}.conf`, nginxProxyConf(options))], port: options.port };
}

function sluice(name: string, { folder, bundled }: Backends, options: SluiceYamlOptions): Command {
  return proxyCommand(name, bundled, write(folder, `${name}.yaml`, sluiceYaml(options)), options.port);
}

/** An ECDSA certificate for this run, the same for all. */
function withCertificate(folder: string, make: (tls: { certificate: string; key: string }) => Command | { readonly reason: string }): Command | { readonly reason: string } {
  const openssl = findTool('openssl');
  if (!openssl) return { reason: 'needs openssl to make a certificate (Debian: apt-get install openssl)' };
  const tls = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  execFileSync(openssl, ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', tls.key, '-out', tls.certificate, '-days', '2', '-subj', '/CN=localhost'], { stdio: 'ignore' });
  return make(tls);
}

function write(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
