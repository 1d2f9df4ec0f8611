/** Sends every request's body back: what went through a proxy can be compared with what was sent. Not measured. */
import { createServer } from 'node:http';

createServer((request, response) => request.pipe(response)).listen(Number(process.argv[2]), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
