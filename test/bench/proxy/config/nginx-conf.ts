/** nginx, as the backend of all and as the peer: one process, nothing outside its folder. */

/** @param name of its files in `folder` */
function nginxConf(folder: string, name: string, http: string, accessLog = 'off'): string {
  return `worker_processes 1; daemon off; master_process off; pid ${folder}/${name}.pid; error_log /dev/null;
events { worker_connections 16384; }
http {
  access_log ${accessLog}; keepalive_requests 1000000000; keepalive_timeout 300s; client_max_body_size 100m;
  client_body_temp_path ${folder}/${name}-body; proxy_temp_path ${folder}/${name}-proxy;
  fastcgi_temp_path ${folder}/${name}-fastcgi; uwsgi_temp_path ${folder}/${name}-uwsgi; scgi_temp_path ${folder}/${name}-scgi;
  ${http}
}
`;
}

/** `/` gives `body`; other paths the files of `folder`; a POST is read and answered with `body`. */
export function nginxBackendConf(folder: string, port: number, body: string): string {
  return nginxConf(
    folder,
    'backend',
    `sendfile on; tcp_nopush on;
  server { listen 127.0.0.1:${port} backlog=4096;
    location / { default_type text/plain; return 200 "${body}"; }
    location /files/ { root ${folder}; }
  }`,
  );
}

export interface NginxProxyOptions {
  readonly folder: string;
  readonly name: string;
  readonly port: number;
  readonly backendPort: number;
  readonly echoPort: number;
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** A file; lines gather in 16 KiB as ours do. */
  readonly accessLog?: string;
}

/**
 * Bodies stream through, as everybody's do here: nginx would else wait for whole requests, and put long responses into files. It reads
 * in pieces as large as ours; its own defaults would let it ask the kernel up to sixteen times as often.
 */
export function nginxProxyConf({ folder, name, port, backendPort, echoPort, tls, accessLog }: NginxProxyOptions): string {
  const listen = tls === undefined ? `listen 127.0.0.1:${port} backlog=4096;` : `listen 127.0.0.1:${port} ssl backlog=4096; ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key}; ssl_protocols TLSv1.3; ssl_session_cache shared:s:1m;`;
  const pass = 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off;';
  const buffers = 'client_body_buffer_size 64k; proxy_buffer_size 16k; proxy_buffers 8 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0;';
  return nginxConf(
    folder,
    name,
    `upstream backend { server 127.0.0.1:${backendPort}; keepalive 512; keepalive_requests 1000000000; }
  upstream echo { server 127.0.0.1:${echoPort}; keepalive 16; }
  server { ${listen} ${buffers}
    location / { proxy_pass http://backend; ${pass} }
    location /echo { proxy_pass http://echo; ${pass} }
  }`,
    accessLog === undefined ? 'off' : `${accessLog} combined buffer=16k flush=1s`,
  );
}
