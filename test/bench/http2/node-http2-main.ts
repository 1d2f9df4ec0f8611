/** A plain proxy on node:http2, tuned: one session to the backend, raw heads, no pipes, trailers only where they can come. */
import { connect, constants, createServer, type ClientHttp2Session, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';

const [port, backendPort] = process.argv.slice(2).map(Number);
const settings = { maxConcurrentStreams: 1000, initialWindowSize: 1 << 20 };
let session: ClientHttp2Session | undefined;

function backend(): ClientHttp2Session {
  if (session && !session.closed && !session.destroyed) return session;
  session = connect(`http://127.0.0.1:${backendPort}`, { settings, peerMaxConcurrentStreams: 1000 });
  session.on('error', () => {});
  return session;
}

const server = createServer({ settings });
server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, flags: number) => {
  const isWhole = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
  const onward = backend().request(headers, { endStream: isWhole });
  stream.on('error', () => {});
  onward.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  if (!isWhole) {
    stream.on('data', (piece: Buffer) => {
      if (onward.write(piece)) return;
      stream.pause();
      onward.once('drain', () => stream.resume());
    });
    stream.on('end', () => onward.end());
  }
  stream.on('close', () => onward.close(constants.NGHTTP2_CANCEL));
  onward.on('response', (answer, answerFlags) => {
    if (stream.destroyed || stream.closed) return;
    const endStream = (answerFlags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    const mayHaveTrailers = headers['te'] === 'trailers' && answer['content-length'] === undefined;
    stream.respond(answer, { endStream, waitForTrailers: mayHaveTrailers && !endStream });
    if (endStream) return;
    let trailers = {};
    if (mayHaveTrailers) {
      onward.on('trailers', (fields) => (trailers = fields));
      stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    }
    onward.on('data', (piece: Buffer) => {
      if (stream.write(piece)) return;
      onward.pause();
      stream.once('drain', () => onward.resume());
    });
    onward.on('end', () => stream.end());
  });
});
server.listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
