import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemProbeTransport } from './system-probe-transport.ts';

const servers: net.Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function serve(server: net.Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const host = '127.0.0.1';

describe('an HTTP probe', () => {
  const ask = (port: number, path = '/', headers = {}) =>
    systemProbeTransport.httpGet({ scheme: 'http', host, port, path, headers, timeoutMs: 200 });

  it('succeeds from 200 to 399 and sends its headers', async () => {
    const seen: http.IncomingHttpHeaders[] = [];
    const port = await serve(
      http.createServer((request, response) => {
        seen.push(request.headers);
        response.writeHead(Number(request.url?.slice(1))).end();
      }),
    );
    expect(await ask(port, '/200', { 'k-network-probe': 'queue', host: 'other' })).toEqual({ kind: 'success' });
    expect(seen[0]).toMatchObject({ 'user-agent': 'kube-probe/1.32', 'k-network-probe': 'queue', host: 'other', connection: 'close' });
    expect((await ask(port, '/399')).kind).toBe('success');
    expect(await ask(port, '/400')).toEqual({ kind: 'failure', message: 'HTTP probe failed with statuscode: 400' });
  });

  it('does not wait for a body that never ends, nor for an answer that never comes', async () => {
    const streaming = await serve(http.createServer((_request, response) => response.write('x')));
    expect((await ask(streaming)).kind).toBe('success');
    const silent = await serve(http.createServer(() => {}));
    expect(await ask(silent)).toEqual({ kind: 'failure', message: 'no answer within 200 ms' });
  });

  it('fails where nobody listens', async () => {
    const port = await serve(net.createServer());
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect(await ask(port)).toMatchObject({ kind: 'failure', message: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('a TCP probe', () => {
  it('succeeds when a connection opens', async () => {
    const port = await serve(net.createServer((socket) => socket.destroy()));
    expect(await systemProbeTransport.tcpConnect({ host, port, timeoutMs: 200 })).toEqual({ kind: 'success' });
    await new Promise((resolve) => servers.pop()?.close(resolve));
    expect((await systemProbeTransport.tcpConnect({ host, port, timeoutMs: 200 })).kind).toBe('failure');
  });
});

describe('a gRPC probe', () => {
  it('asks the health service by name, and wants to hear SERVING', async () => {
    const asked: string[] = [];
    const server = http2.createServer();
    server.on('stream', (stream: http2.ServerHttp2Stream, headers) => {
      stream.on('data', (bytes: Buffer) => {
        const name = bytes.subarray(7).toString();
        asked.push(`${headers[':path']} ${name}`);
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, name === 'good' ? 1 : 2]));
      });
    });
    const port = await serve(server);
    const ask = (service: string) => systemProbeTransport.grpcHealth({ host, port, service, timeoutMs: 1000 });
    expect(await ask('good')).toEqual({ kind: 'success' });
    expect(await ask('bad')).toEqual({ kind: 'failure', message: 'health check answered serving status 2, grpc-status 0' });
    expect(asked).toEqual(['/grpc.health.v1.Health/Check good', '/grpc.health.v1.Health/Check bad']);
  });
});
