/** Who is measured over HTTP/2, each with its configuration: cleartext by prior knowledge on both sides, to one backend. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { proxyCommand } from '../method/bundled-proxy.ts';
import type { Command } from '../method/measured-process.ts';
import { findTool } from '../method/tools.ts';

const here = import.meta.dirname;

/** The body of every reply: about a hundred bytes. */
export const replyBody = 'a small reply of about one hundred bytes, as a health check or a small API call would give it, no more';

export function backendCommand(folder: string, port: number, nginx: string): Command {
  const conf = nginxConf(folder, 'backend', `server { listen 127.0.0.1:${port} http2; location / { default_type text/plain; return 200 "${replyBody}"; } }`);
  return { name: 'backend', file: nginx, args: ['-c', conf], port };
}

/** Only for the comparison before: a target's configuration names it in the backend's place. */
export function echoCommand(port: number): Command {
  return { name: 'echo', file: process.execPath, args: [join(here, 'echo-main.ts'), String(port)], port };
}

/** How to start a target on `port`, or why it cannot be. @param bundled what `bundleProxy` gave */
export function targetCommand(name: string, folder: string, port: number, backendPort: number, bundled: string): Command | { readonly reason: string } {
  switch (name) {
    case 'node-http2':
      return { name, file: process.execPath, args: [join(here, 'node-http2-main.ts'), String(port), String(backendPort)], port };
    case 'nginx-grpc': {
      const nginx = findTool('nginx');
      if (!nginx) return { reason: 'not installed (Debian: apt-get install nginx-light)' };
      const conf = nginxConf(folder, `proxy-${backendPort}`, `upstream backend { server 127.0.0.1:${backendPort}; keepalive 512; keepalive_requests 1000000000; }
  server { listen 127.0.0.1:${port} http2; http2_max_concurrent_streams 1000; location / { grpc_pass grpc://backend; } }`);
      return { name, file: nginx, args: ['-c', conf], port };
    }
    case 'haproxy': {
      const haproxy = findTool('haproxy');
      if (!haproxy) return { reason: 'not installed (Debian: apt-get install haproxy)' };
      return { name, file: haproxy, args: ['-db', '-f', write(folder, `haproxy-${backendPort}.cfg`, haproxyCfg(port, backendPort))], port };
    }
    case 'sluice':
      return proxyCommand(name, bundled, write(folder, `sluice-${backendPort}.yaml`, sluiceYaml(port, backendPort)), port);
    default:
      return { reason: 'unknown' };
  }
}

function nginxConf(folder: string, name: string, http: string): string {
  return write(
    folder,
    `${name}.conf`,
    `worker_processes 1; daemon off; master_process off; pid ${folder}/${name}.pid; error_log /dev/null;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 300s;
  client_body_temp_path ${folder}/${name}-body; proxy_temp_path ${folder}/${name}-proxy;
  fastcgi_temp_path ${folder}/${name}-fastcgi; uwsgi_temp_path ${folder}/${name}-uwsgi; scgi_temp_path ${folder}/${name}-scgi;
  ${http}
}
`,
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
  bind 127.0.0.1:${port} proto h2
  default_backend back
backend back
  server backend 127.0.0.1:${backendPort} proto h2
`;
}

/** The engine as shipped: route table, cluster, circuit breakers, counters, request id; no part is switched off. */
function sluiceYaml(port: number, backendPort: number): string {
  return `static_resources:
  listeners:
  - name: main
    address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          route_config:
            name: local
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: { prefix: / }
                route: { cluster: backend }
          http_filters:
          - name: envoy.filters.http.router
            typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
  clusters:
  - name: backend
    type: STATIC
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: { http2_protocol_options: {} }
    load_assignment:
      cluster_name: backend
      endpoints:
      - lb_endpoints:
        - endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: ${backendPort} } } }
`;
}

function write(folder: string, name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}
