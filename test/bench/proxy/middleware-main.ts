/** http-proxy-middleware on node:http, set up as its documentation shows, with kept-alive connections to the backend. */
import { Agent, createServer } from 'node:http';
import { createProxyMiddleware } from 'http-proxy-middleware';

const [port, backendPort, echoPort] = process.argv.slice(2).map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: 512 });
const toBackend = createProxyMiddleware({ target: `http://127.0.0.1:${backendPort}`, agent });
const toEcho = createProxyMiddleware({ target: `http://127.0.0.1:${echoPort}`, agent });
createServer((request, response) => void (request.url?.startsWith('/echo') ? toEcho : toBackend)(request, response)).listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
