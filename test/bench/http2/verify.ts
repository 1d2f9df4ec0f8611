/** A fast wrong answer is worth nothing: answers are compared byte by byte before anything is timed, uploads by way of a server that sends them back. */
import { connect } from 'node:http2';

/** @throws Error with what was wrong */
export async function expectAnswer(name: string, port: number, body: Buffer | undefined, expected: Buffer): Promise<void> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; received: Buffer }>();
    session.on('error', reject);
    const stream = session.request({ ':method': body ? 'POST' : 'GET', ':path': '/', te: 'trailers' }, { endStream: !body });
    const pieces: Buffer[] = [];
    let status = 0;
    stream.on('response', (head) => (status = Number(head[':status'])));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => resolve({ status, received: Buffer.concat(pieces) }));
    stream.on('error', reject);
    if (body) stream.end(body);
    const { received } = await promise;
    if (status !== 200 || !received.equals(expected)) throw new Error(`${name} answers with ${status} and ${received.length} bytes, expected ${expected.length}`);
  } finally {
    session.destroy();
  }
}
