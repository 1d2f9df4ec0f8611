/** Sits in a network and does there what a test tells it, a line of JSON each: serves ports, where it says who came and for what, and asks others. */
import { connect, createServer } from 'node:net';
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
  (order.what === 'serve' ? serve : ask)(order);
}).on('close', () => process.exit(0));
