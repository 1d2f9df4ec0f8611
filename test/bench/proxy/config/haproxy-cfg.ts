export function haproxyCfg(port: number, backendPort: number, echoPort: number): string {
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
  bind 127.0.0.1:${port} backlog 4096
  use_backend echo if { path_beg /echo }
  default_backend back
backend back
  server backend 127.0.0.1:${backendPort}
backend echo
  server echo 127.0.0.1:${echoPort}
`;
}
