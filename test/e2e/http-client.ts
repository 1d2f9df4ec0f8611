/** Requests to the gateway, with the host as a browser would send it but no name to resolve. */
import { Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface RequestOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: Agent;
  readonly timeoutMs?: number;
}

/** One GET over TLS. Rejects when the certificate is not of `ca`, or not for the host. */
export function getSecurely(port: number, host: string, ca: string): Promise<Pick<Answer, 'status' | 'body'>> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest({ host: '127.0.0.1', port, servername: host, ca, headers: { host }, agent: false, timeout: 60_000 }, (incoming) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => (body += String(chunk)));
      incoming.on('error', reject);
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body }));
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** One GET. Rejects when there is no answer. */
export function get(port: number, host: string, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: '127.0.0.1',
        port,
        path: options.path ?? '/',
        headers: { host: `${host}:${port}`, ...options.headers },
        agent: options.agent ?? new Agent(),
        timeout: options.timeoutMs ?? 60_000,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

export interface LoadResult {
  readonly answers: Map<string, number>;
  readonly failures: string[];
}

/**
 * `connections` clients, each sending one request after the other until `total` have been sent or
 * `forMs` have passed. Answers are counted by `status` or by what `classify` makes of them.
 */
export async function load(
  port: number,
  host: string,
  {
    connections,
    total = Number.POSITIVE_INFINITY,
    forMs = Number.POSITIVE_INFINITY,
    path = '/',
    classify = (answer) => String(answer.status),
    signal,
  }: {
    readonly connections: number;
    readonly total?: number;
    readonly forMs?: number;
    readonly path?: string;
    readonly classify?: (answer: Answer) => string;
    /** Ends it before its time. */
    readonly signal?: AbortSignal;
  },
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const answers = new Map<string, number>();
  const failures: string[] = [];
  const endsAt = performance.now() + forMs;
  let sent = 0;
  const isOver = (): boolean => signal?.aborted === true;
  const client = async (): Promise<void> => {
    while (sent < total && performance.now() < endsAt && !isOver()) {
      sent += 1;
      try {
        const answer = await get(port, host, { path, agent });
        if (answer.status >= 400) failures.push(`${answer.status} ${answer.body}`);
        const key = classify(answer);
        answers.set(key, (answers.get(key) ?? 0) + 1);
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  agent.destroy();
  return { answers, failures };
}
