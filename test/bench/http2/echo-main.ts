/** Sends every body back, over HTTP/2: what uploads are compared with before anything is timed. */
import { createServer, type ServerHttp2Stream } from 'node:http2';

const server = createServer();
server.on('stream', (stream: ServerHttp2Stream) => {
  stream.respond({ ':status': 200 });
  stream.pipe(stream);
});
server.listen(Number(process.argv[2]), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
