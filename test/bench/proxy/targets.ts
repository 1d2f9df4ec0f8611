/** Who is measured: each peer with the configuration it is given. All proxy to the same backend over kept-alive connections. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './measured-process.ts';
import { sluiceYaml } from './sluice-yaml.ts';
import { findTool } from './tools.ts';

const here = dirname(fileURLToPath(import.meta.url));

/** The body of every reply: about a hundred bytes. */
export const replyBody = 'a small reply of about one hundred bytes, as a health check or a small API call would give it, no more';

export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

export interface Targets {
  readonly backend: Command;
  readonly proxies: readonly Command[];
  readonly skipped: readonly Skipped[];
}

/** @param folder for configuration files @param port the first of a handful of free ports */
export function prepareTargets(folder: string, port: number, nginx: string): Targets {
  const backendPort = port;
  const skipped: Skipped[] = [];
  const proxies: Command[] = [
    { name: 'sluice', file: process.execPath, args: [join(here, '../../../packages/cli/src/main.ts'), 'proxy', '--log-level', 'warn', '-c', write(folder, 'sluice.yaml', sluiceYaml(port + 1, backendPort))], port: port + 1 },
    { name: 'nginx', file: nginx, args: ['-c', write(folder, 'nginx-proxy.conf', nginxProxyConf(folder, port + 2, backendPort))], port: port + 2 },
  ];
  const haproxy = findTool('haproxy');
  if (haproxy) proxies.push({ name: 'haproxy', file: haproxy, args: ['-db', '-f', write(folder, 'haproxy.cfg', haproxyCfg(port + 3, backendPort))], port: port + 3 });
  else skipped.push({ name: 'haproxy', reason: 'not installed (Debian: apt-get install haproxy)' });
  proxies.push({
    name: 'http-proxy-middleware',
    file: process.execPath,
    args: [join(here, 'middleware-main.ts'), String(port + 4), String(backendPort)],
    port: port + 4,
  });
  return { backend: { name: 'backend', file: nginx, args: ['-c', write(folder, 'nginx-backend.conf', nginxBackendConf(folder, backendPort))], port: backendPort }, proxies, skipped };
}

function write(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** What every nginx here has in common: one process, no log, nothing outside its folder. */
function nginxConf(folder: string, name: string, http: string): string {
  return `worker_processes 1; daemon off; master_process off; pid ${folder}/${name}.pid; error_log /dev/null;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 300s;
  client_body_temp_path ${folder}/${name}-body; proxy_temp_path ${folder}/${name}-proxy;
  fastcgi_temp_path ${folder}/${name}-fastcgi; uwsgi_temp_path ${folder}/${name}-uwsgi; scgi_temp_path ${folder}/${name}-scgi;
  ${http}
}
`;
}

function nginxBackendConf(folder: string, port: number): string {
  return nginxConf(folder, 'backend', `server { listen 127.0.0.1:${port}; location / { default_type text/plain; return 200 "${replyBody}"; } }`);
}

function nginxProxyConf(folder: string, port: number, backendPort: number): string {
  return nginxConf(
    folder,
    'proxy',
    `upstream backend { server 127.0.0.1:${backendPort}; keepalive 512; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${port}; location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; } }`,
  );
}

function haproxyCfg(port: number, backendPort: number): string {
  return `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  http-reuse always
frontend front
  bind 127.0.0.1:${port}
  default_backend back
backend back
  server backend 127.0.0.1:${backendPort}
`;
}
