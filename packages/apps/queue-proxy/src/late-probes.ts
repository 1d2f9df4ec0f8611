/**
 * Questions that need more than the sidecar has loaded when it starts: over HTTP/2, gRPC and HTTPS. They go over Node's own
 * clients, to the program on this pod's loopback. Loaded with the first such question.
 */
import { connect, constants } from 'node:http2';
import { request as requestSecured } from 'node:https';
import { readServingStatus, writeHealthCheckRequest } from '@sluice/proxy';

/** `failure` is undefined when the answer was the one hoped for. */
export type OnAnswer = (failure: string | undefined) => void;

export interface LateProbes {
  /** GET over HTTP/2 with prior knowledge. A status of 200 to 399 is good. */
  askHttp2(question: HttpQuestion, onAnswer: OnAnswer): void;
  /** GET over TLS; whose the certificate is does not matter on loopback. */
  askHttps(question: HttpQuestion, onAnswer: OnAnswer): void;
  /** `grpc.health.v1.Health/Check` without TLS; the answer must be SERVING. */
  askGrpc(question: GrpcQuestion, onAnswer: OnAnswer): void;
}

export interface HttpQuestion {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface GrpcQuestion {
  readonly host: string;
  readonly port: number;
  /** Empty asks for the server as a whole. */
  readonly service: string;
  readonly userAgent: string;
  readonly timeoutMs: number;
}

/** What is read of an answer. Bytes. */
const ANSWER_BYTES_MAX = 4096;

export const lateProbes: LateProbes = {
  askHttp2({ host, port, path, headers, timeoutMs }, onAnswer) {
    const fields = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    ask({ host, port, timeoutMs, head: { ':method': 'GET', ':path': path, ...fields }, body: undefined }, (answer) => onAnswer(typeof answer === 'string' ? answer : judgeStatus(answer.status)));
  },
  askGrpc({ host, port, service, userAgent, timeoutMs }, onAnswer) {
    const head = { ':method': 'POST', ':path': '/grpc.health.v1.Health/Check', 'content-type': 'application/grpc', te: 'trailers', 'user-agent': userAgent };
    ask({ host, port, timeoutMs, head, body: writeHealthCheckRequest(service) }, (answer) => onAnswer(typeof answer === 'string' ? answer : judgeHealth(answer)));
  },
  askHttps({ host, port, path, headers, timeoutMs }, onAnswer) {
    const answerOnce = once(onAnswer);
    // No agent: a probe should find out whether a new connection can be made.
    const request = requestSecured({ host, port, path, headers, agent: false, rejectUnauthorized: false, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      response.resume();
      answerOnce(judgeStatus(response.statusCode ?? 0));
      request.destroy();
    });
    request.on('error', (error) => answerOnce(reasonOf(error, timeoutMs)));
    request.end();
  },
};

interface Http2Answer {
  readonly status: number;
  readonly grpcStatus: string | undefined;
  readonly body: Buffer;
}

interface Http2Question {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
  readonly head: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** One exchange on a connection of its own. Gives a sentence when nothing came of it. */
function ask({ host, port, timeoutMs, head, body }: Http2Question, onAnswer: (answer: Http2Answer | string) => void): void {
  const session = connect(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
  const late = setTimeout(() => finish(`no answer within ${timeoutMs} ms`), timeoutMs);
  let isOver = false;
  session.on('error', (error) => finish(error.message));
  session.on('close', () => finish('connection closed'));
  const stream = session.request(head, { endStream: body === undefined });
  const pieces: Buffer[] = [];
  let bytes = 0;
  let status = 0;
  let grpcStatus: string | undefined;
  stream.on('response', (fields) => {
    status = Number(fields[constants.HTTP2_HEADER_STATUS]);
    grpcStatus = textOf(fields['grpc-status']);
  });
  stream.on('trailers', (fields) => (grpcStatus = textOf(fields['grpc-status']) ?? grpcStatus));
  stream.on('data', (piece: Buffer) => {
    if (bytes < ANSWER_BYTES_MAX) pieces.push(piece);
    bytes += piece.length;
  });
  stream.on('error', (error) => finish(error.message));
  stream.on('end', () => finish({ status, grpcStatus, body: Buffer.concat(pieces) }));
  if (body) stream.end(body);

  function finish(answer: Http2Answer | string): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(late);
    session.destroy();
    onAnswer(answer);
  }
}

function judgeStatus(status: number): string | undefined {
  return status >= 200 && status < 400 ? undefined : `answered ${status}`;
}

function judgeHealth({ status, grpcStatus, body }: Http2Answer): string | undefined {
  if (status !== 200) return `answered ${status}`;
  if (grpcStatus !== '0') return `gRPC status ${grpcStatus ?? 'missing'}`;
  const serving = readServingStatus(body);
  return serving === 'SERVING' ? undefined : `the service is ${serving ?? 'unreadable'}`;
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}

function reasonOf(error: Error, timeoutMs: number): string {
  return error.name === 'TimeoutError' || error.name === 'AbortError' ? `no answer within ${timeoutMs} ms` : error.message;
}

function once(onAnswer: OnAnswer): OnAnswer {
  let isOver = false;
  return (failure) => {
    if (isOver) return;
    isOver = true;
    onAnswer(failure);
  };
}
