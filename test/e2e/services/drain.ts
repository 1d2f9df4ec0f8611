/** Pods that go while they are in use: nobody notices. */
import { request as httpRequest } from 'node:http';
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import { get, load } from '../http-client.ts';
import type { LocalMesh } from '../local-mesh.ts';

export const drainFiles = {
  // GET answers after a while; /stream says a line each 200 ms for so many seconds; an upgrade echoes what it hears.
  'lasting.cjs': `
    const { createServer } = require('node:http');
    const server = createServer((request, response) => {
      const url = new URL(request.url, 'http://x');
      if (url.pathname !== '/stream') return setTimeout(() => response.end(String(process.pid)), 100);
      let left = Number(url.searchParams.get('seconds')) * 5;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const timer = setInterval(() => {
        left -= 1;
        response.write('data: ' + process.pid + '\\n\\n');
        if (left > 0) return;
        clearInterval(timer);
        response.end('data: end\\n\\n');
      }, 200);
    });
    server.on('upgrade', (request, socket) => {
      socket.on('error', () => {});
      socket.write('HTTP/1.1 101 Switching Protocols\\r\\nconnection: upgrade\\r\\nupgrade: websocket\\r\\n\\r\\n');
      socket.on('data', (bytes) => socket.write(process.pid + ' heard ' + bytes));
    });
    // Told to go, it finishes what it has, as a program should.
    process.on('SIGTERM', () => server.close());
    server.listen(process.env.PORT, process.env.HOST);
  `,
  'lasting.yaml': `
    apiVersion: serving.knative.dev/v1
    kind: Service
    metadata:
      name: lasting
    spec:
      template:
        metadata:
          annotations:
            autoscaling.knative.dev/window: 6s
        spec:
          containerConcurrency: 10
          timeoutSeconds: 90
          containers:
            - image: sluice.dev/tests/lasting
              command: [node, lasting.cjs]
  `,
};
const host = 'lasting.default.localhost';

/** Reads a stream to its end. */
function stream(port: number, seconds: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const request = httpRequest({ host: '127.0.0.1', port, path: `/stream?seconds=${seconds}`, headers: { host } }, (response) => {
      response.setEncoding('utf8');
      response.on('data', (piece: string) => (text += piece));
      response.on('end', () => (text.endsWith('data: end\n\n') ? resolve(text) : reject(new Error(`cut after ${text.length} characters`))));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}

interface Tunnel {
  /** Says something and gives what is said back. */
  say(text: string): Promise<string>;
  close(): void;
}

function openTunnel(port: number): Promise<Tunnel> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path: '/', headers: { host, connection: 'upgrade', upgrade: 'websocket' } });
    request.on('error', reject);
    request.on('response', (response) => reject(new Error(`no tunnel but ${response.statusCode}`)));
    request.on('upgrade', (_, socket) => {
      socket.on('error', () => {});
      resolve({
        say: (text) =>
          new Promise((heard, failed) => {
            if (socket.destroyed || socket.readableEnded) return failed(new Error('the tunnel was closed before'));
            socket.once('data', (bytes: Buffer) => heard(bytes.toString()));
            socket.once('close', () => failed(new Error('the tunnel was closed')));
            socket.write(text);
          }),
        close: () => socket.destroy(),
      });
    });
    request.end();
  });
}

export function testDrain(mesh: LocalMesh): void {
  test('scaling down under load loses nothing, and what lasts ends in its own time', async () => {
    const crowd = load(mesh.port, host, { connections: 28, forMs: 14_000 });
    // Until several are not only there but answer.
    await eventually(
      async () => {
        const answers = await Promise.all(Array.from({ length: 12 }, () => get(mesh.port, host)));
        expect(new Set(answers.map(({ body }) => body)).size).toBeGreaterThanOrEqual(3);
      },
      { withinMs: 30_000 },
    );
    // Long enough to be there when the pods have been told to go.
    const streams = Promise.allSettled(Array.from({ length: 4 }, () => stream(mesh.port, 28)));
    const tunnels = await Promise.all(Array.from({ length: 4 }, () => openTunnel(mesh.port)));
    const before = await Promise.all(tunnels.map((tunnel) => tunnel.say('a')));
    expect(new Set(before.map((text) => text.split(' ')[0])).size).toBeGreaterThan(1);
    const few = load(mesh.port, host, { connections: 2, forMs: 24_000 });
    expect((await crowd).failures).toEqual([]);

    const wanted = async (): Promise<number> => Number(await mesh.kubectlOutput('get deployments -o jsonpath={.items[?(@.metadata.name=="lasting-00001-deployment")].spec.replicas}'));
    await eventually(async () => expect(await wanted()).toBeLessThan(3), { withinMs: 30_000 });
    const after = await Promise.all(tunnels.map((tunnel) => tunnel.say('b')));
    expect(after).toEqual(before.map((text) => text.replace('heard a', 'heard b')));
    for (const tunnel of tunnels) tunnel.close();

    expect((await few).failures).toEqual([]);
    expect((await streams).flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []))).toEqual([]);
  }, 120_000);
}
