/** http-proxy-middleware on node:http, set up as its documentation shows, with kept-alive connections to the backend. */
import { Agent, createServer } from 'node:http';
import { createProxyMiddleware } from 'http-proxy-middleware';

const [port, backendPort] = process.argv.slice(2).map(Number);
const middleware = createProxyMiddleware({ target: `http://127.0.0.1:${backendPort}`, agent: new Agent({ keepAlive: true, maxSockets: 512 }) });
createServer((request, response) => void middleware(request, response)).listen(port, '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
