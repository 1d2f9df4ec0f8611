/**
 * A small server beside a component's real work: `GET /metrics` for Prometheus, `GET /ready` for a kubelet,
 * `POST /logging?level=debug` to look closer at a running process, as Envoy's admin offers it. Not on any hot
 * path, so plain `node:http`. It keeps the process alive, as a component does that waits for the rest of the world.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger, Meter } from '@sluice/kernel';
import { toConventions } from './conventional-names.ts';
import { logLevels, type LogLevel, type OpenLogger } from './pino-logger.ts';
import { createMetricsRenderer, type MetricsRenderer } from './render-metrics.ts';

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 for any. Knative's components use 9090. */
  readonly port: number;
  readonly meter: Meter;
  readonly logger: Logger;
  /** Whose level `/logging` shows and sets. Absent: there is no such page. */
  readonly logging?: Pick<OpenLogger, 'level' | 'setLevel'>;
  readonly processMetrics?: boolean;
  /** What `/ready` answers: 200 or 503. Absent: always 200. */
  readonly isReady?: () => boolean;
  /** Further pages by path, each answering a GET with what is printed as JSON. */
  readonly pages?: Readonly<Record<string, (query: URLSearchParams) => unknown>>;
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens. Rejects when the port cannot be had. */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { createServer } = await import('node:http');
  // Loaded by the first who asks: where nobody scrapes, nobody pays for the library.
  let renderer: Promise<MetricsRenderer> | undefined;
  if (options.processMetrics) renderer = createMetricsRenderer({ processMetrics: true });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/metrics' && request.method === 'GET') {
      renderer ??= createMetricsRenderer();
      const { contentType, text } = await (await renderer).render(toConventions(options.meter.collect()));
      response.setHeader('content-type', contentType);
      response.end(text);
    } else if (url.pathname === '/ready') {
      const isReady = options.isReady?.() ?? true;
      response.statusCode = isReady ? 200 : 503;
      response.end(isReady ? 'ready\n' : 'not ready\n');
    } else if (url.pathname === '/logging' && options.logging) {
      answerLogging(request, response, url.searchParams.get('level'), options.logging);
    } else if (options.pages && Object.hasOwn(options.pages, url.pathname) && request.method === 'GET') {
      response.setHeader('content-type', 'application/json');
      response.end(`${JSON.stringify(options.pages[url.pathname]?.(url.searchParams))}\n`);
    } else {
      response.statusCode = 404;
      response.end('not found\n');
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((reason: unknown) => {
      options.logger.error('metrics page failed', { path: request.url, error: reason });
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  server.removeAllListeners('error');
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerLogging(
  request: IncomingMessage,
  response: ServerResponse,
  asked: string | null,
  logging: Pick<OpenLogger, 'level' | 'setLevel'>,
): void {
  if (request.method === 'POST') {
    const level = logLevels.find((known): known is LogLevel => known === asked);
    if (level === undefined) {
      response.statusCode = 400;
      response.end(`level must be one of ${logLevels.join(', ')}, but was ${JSON.stringify(asked)}\n`);
      return;
    }
    logging.setLevel(level);
  }
  response.end(`${logging.level}\n`);
}
