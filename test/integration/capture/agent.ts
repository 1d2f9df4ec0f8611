/** Sits in a network and does there what a test tells it, a line of JSON each: serves ports, where it says who came and for what, and asks others. */
import { createServer as createHttpServer, request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { AgentAnswer, AgentOrder, Introduction } from './agent-client.ts';

const spell = (host = '', port = 0): string => `${host.replace('::ffff:', '')}|${port}`;
const answer = (text: AgentAnswer): void => void process.stdout.write(`${JSON.stringify(text)}\n`);

function serve({ id, host, port }: AgentOrder): void {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    const said: Introduction = { peer: spell(socket.remoteAddress, socket.remotePort), local: spell(socket.localAddress, socket.localPort) };
    socket.end(JSON.stringify(said));
  });
  server.on('error', (error) => answer({ id, error: error.message }));
  server.listen(port, host, () => answer({ id }));
}

function serveHttp({ id, host, port }: AgentOrder): void {
  const server = createHttpServer(({ socket, headers }, response) => {
    const said: Introduction = { peer: spell(socket.remoteAddress, socket.remotePort), local: spell(socket.localAddress, socket.localPort), host: headers.host ?? '' };
    response.end(JSON.stringify(said));
  });
  server.on('error', (error) => answer({ id, error: error.message }));
  server.listen(port, host, () => answer({ id }));
}

/** Leads whoever comes to a Unix socket, which belongs to no network. */
function relay({ id, host, port, target }: AgentOrder): void {
  const server = createServer((socket: Socket) => {
    const other = connect(target ?? '');
    for (const one of [socket, other]) one.on('error', () => [socket, other].forEach((end) => end.destroy()));
    socket.pipe(other).pipe(socket);
  });
  server.listen(port, host, () => answer({ id }));
}

/** @param target a whole URL, as for a proxy, or a path */
function askHttp({ id, host, port, target = '/' }: AgentOrder): void {
  const name = target.startsWith('/') ? `${host}:${port}` : new URL(target).host;
  const asked = request({ host, port, path: target, agent: false, headers: { host: name } }, (response) => {
    let text = '';
    response.on('data', (piece: Buffer) => (text += piece.toString()));
    response.on('end', () => answer(response.statusCode === 200 ? { id, said: JSON.parse(text) as Introduction } : { id, error: String(response.statusCode) }));
  });
  asked.on('error', (error) => answer({ id, error: error.message }));
  asked.end();
}

const orders = { serve, ask, 'serve-http': serveHttp, 'ask-http': askHttp, relay } as const;

function ask({ id, host, port }: AgentOrder): void {
  const socket = connect({ host, port });
  let own = '';
  let text = '';
  socket.on('connect', () => (own = spell(socket.localAddress, socket.localPort)));
  socket.on('data', (piece: Buffer) => (text += piece.toString()));
  socket.on('error', (error) => answer({ id, error: error.message }));
  socket.on('end', () => answer(text === '' ? { id, error: 'closed without a word' } : { id, own, said: JSON.parse(text) as Introduction }));
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line) as AgentOrder;
  orders[order.what](order);
}).on('close', () => process.exit(0));
