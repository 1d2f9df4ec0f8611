/** Probes over the machine's sockets. */
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { probeUserAgent, type GrpcProbeRequest, type HttpProbeRequest, type ProbeRequest, type ProbeResult, type ProbeTransport } from './probe-transport.ts';

export const systemProbeTransport: ProbeTransport = { httpGet, tcpConnect, grpcHealth };

function failure(reason: unknown): ProbeResult {
  return { kind: 'failure', message: reason instanceof Error ? reason.message : String(reason) };
}

function httpGet({ scheme, host, port, path, headers, timeoutMs }: HttpProbeRequest): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const options = {
      host,
      port,
      path,
      agent: false,
      headers: { 'user-agent': probeUserAgent, accept: '*/*', connection: 'close', ...headers },
      signal: AbortSignal.timeout(timeoutMs),
      rejectUnauthorized: false,
    };
    const request = (scheme === 'https' ? https : http).get(options, (response) => {
      // The status is the answer. The body is not wanted, and a server that streams must not hold the probe.
      response.destroy();
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 400) resolve({ kind: 'success' });
      else resolve({ kind: 'failure', message: `HTTP probe failed with statuscode: ${status}` });
    });
    request.on('error', (reason) => {
      resolve(reason.name === 'AbortError' ? failure(`no answer within ${timeoutMs} ms`) : failure(reason));
    });
  });
}

function tcpConnect({ host, port, timeoutMs }: ProbeRequest): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.setTimeout(timeoutMs, () => {
      socket.destroy();
      resolve(failure(`no connection within ${timeoutMs} ms`));
    });
    socket.on('connect', () => {
      socket.destroy();
      resolve({ kind: 'success' });
    });
    socket.on('error', (reason) => resolve(failure(reason)));
  });
}

/** SERVING in grpc.health.v1.HealthCheckResponse.ServingStatus. */
const serving = 1;

/** gRPC's health protocol over cleartext HTTP/2: one unary call, whose two messages have one field each. */
function grpcHealth({ host, port, service, timeoutMs }: GrpcProbeRequest): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const session = http2.connect(`http://${host}:${port}`);
    const finish = (result: ProbeResult) => {
      clearTimeout(timeout);
      session.destroy();
      resolve(result);
    };
    const timeout = setTimeout(() => finish(failure(`no answer within ${timeoutMs} ms`)), timeoutMs);
    session.on('error', (reason) => finish(failure(reason)));
    const call = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      'user-agent': probeUserAgent,
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let grpcStatus: unknown;
    call.on('response', (headers) => (grpcStatus = headers['grpc-status']));
    call.on('trailers', (trailers) => (grpcStatus = trailers['grpc-status'] ?? grpcStatus));
    call.on('data', (chunk: Buffer) => chunks.push(chunk));
    call.on('error', (reason) => finish(failure(reason)));
    call.on('end', () => {
      const status = servingStatus(Buffer.concat(chunks));
      if (String(grpcStatus) === '0' && status === serving) finish({ kind: 'success' });
      else finish(failure(`health check answered serving status ${status}, grpc-status ${String(grpcStatus)}`));
    });
    call.end(healthRequest(service));
  });
}

/** The length-prefixed message `{ service = 1 }`. Names beyond 127 bytes do not occur in probes. */
function healthRequest(service: string): Buffer {
  const name = Buffer.from(service).subarray(0, 127);
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Field 1 of the answer's message, a small varint; 0 (UNKNOWN) when it is absent. */
function servingStatus(body: Buffer): number {
  return body.length >= 7 && body[5] === 0x08 ? (body[6] as number) : 0;
}
