/** A Service whose port is named h2c: HTTP/2 from its client to its program, also when it has to be woken first. */
import { connect, type IncomingHttpHeaders } from 'node:http2';
import { expect, test } from 'vitest';
import { eventually } from '../../support/eventually.ts';
import type { LocalMesh } from '../local-mesh.ts';

export const h2cFiles = {
  'h2c.cjs': `
    require('node:http2').createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'application/grpc', 'x-heard': request.httpVersion });
      request.on('data', (piece) => response.write(piece));
      request.on('end', () => { response.addTrailers({ 'grpc-status': '0' }); response.end(); });
    }).listen(process.env.PORT, process.env.HOST);
  `,
  'h2c.yaml': `
    apiVersion: serving.knative.dev/v1
    kind: Service
    metadata:
      name: stream
    spec:
      template:
        metadata:
          annotations:
            autoscaling.knative.dev/window: 10s
        spec:
          containers:
            - image: sluice.dev/tests/h2c
              command: [node, h2c.cjs]
              ports:
                - name: h2c
                  containerPort: 50051
  `,
};

/** One call on a connection of its own, as a gRPC client would make it. */
function call(port: number, body: string): Promise<{ head: IncomingHttpHeaders; body: string; trailers: IncomingHttpHeaders }> {
  const session = connect(`http://127.0.0.1:${port}`);
  const { promise, resolve, reject } = Promise.withResolvers<{ head: IncomingHttpHeaders; body: string; trailers: IncomingHttpHeaders }>();
  const stream = session.request({ ':method': 'POST', ':path': '/test.Echo/Say', ':authority': `stream.default.localhost:${port}`, 'content-type': 'application/grpc', te: 'trailers' });
  const answer = { head: {}, body: '', trailers: {} };
  stream.setEncoding('utf8');
  stream.on('response', (head) => (answer.head = head));
  stream.on('data', (piece: string) => (answer.body += piece));
  stream.on('trailers', (trailers) => (answer.trailers = trailers));
  stream.on('error', reject);
  stream.on('close', () => {
    session.close();
    resolve(answer);
  });
  stream.end(body);
  return promise;
}

export function testH2c(mesh: LocalMesh): void {
  test('a call wakes it, and HTTP/2 with its trailers passes through', async () => {
    await eventually(() => expect(mesh.processes('h2c.cjs')).toEqual([]), { withinMs: 60_000, everyMs: 100 });
    const answers = await Promise.all(['one', 'two', 'three'].map((body) => call(mesh.port, body)));
    for (const { head, trailers } of answers) {
      expect(head).toMatchObject({ ':status': 200, 'x-heard': '2.0' });
      expect(trailers).toMatchObject({ 'grpc-status': '0' });
    }
    expect(answers.map(({ body }) => body)).toEqual(['one', 'two', 'three']);
    expect(mesh.processes('h2c.cjs')).not.toEqual([]);
    await mesh.printed(/stream-00001 +cold start/);
  });
}
