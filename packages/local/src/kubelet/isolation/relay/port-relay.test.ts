import { createHash, randomBytes } from 'node:crypto';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PortRelay } from './port-relay.ts';

const opened: (Server | Socket)[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) {
    if (one instanceof net.Server) one.close();
    else one.destroy();
  }
});

function keep<T extends Server | Socket>(one: T): T {
  opened.push(one);
  return one;
}

async function listen(onConnection: (socket: Socket) => void): Promise<{ readonly server: Server; readonly port: number }> {
  const server = keep(net.createServer({ allowHalfOpen: true }, (socket) => onConnection(keep(socket))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

/** A program that does as `onConnection` says, a relay to it, and a way to connect to that relay. */
async function relayTo(onConnection: (socket: Socket) => void) {
  const program = await listen(onConnection);
  const outside = await listen(() => expect.unreachable('the relay takes the connections'));
  const refused = vi.fn<() => void>();
  const idle = vi.fn<() => void>();
  const relay = new PortRelay({ port: program.port, onRefused: refused, onIdle: idle });
  relay.serve(outside.server);
  const connect = () => keep(net.connect({ port: outside.port, host: '127.0.0.1', allowHalfOpen: true }));
  return { program, relay, refused, idle, connect };
}

/** All that comes. Node's own consumers destroy a socket at the end of its input, and its output with it. */
function gather(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', () => resolve(Buffer.concat(chunks)));
    socket.resume();
    socket.once('error', reject);
  });
}

const hash = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** How a connection ended: `end`, or the code of its error. */
function ending(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    socket.once('end', () => resolve('end'));
    socket.resume();
  });
}

describe('a relay to one port', () => {
  it('carries 5 MB both ways at once, byte for byte', async () => {
    const bodies = [randomBytes(5_000_000), randomBytes(5_000_000)] as const;
    const received = Promise.withResolvers<Buffer>();
    const { connect } = await relayTo((socket) => {
      received.resolve(gather(socket));
      socket.end(bodies[1]);
    });
    const client = connect();
    client.end(bodies[0]);
    expect(hash(await gather(client))).toBe(hash(bodies[1]));
    expect(hash(await received.promise)).toBe(hash(bodies[0]));
  });

  it('passes on the end of one direction while the other goes on', async () => {
    const { connect } = await relayTo((socket) => void gather(socket).then((question) => socket.end(`you said ${question.toString()}`)));
    const client = connect();
    client.end('hello');
    expect((await gather(client)).toString()).toBe('you said hello');
  });

  it('makes a writer wait for a reader that does not read', async () => {
    let written = 0;
    const { connect } = await relayTo((socket) => {
      const write = () => {
        while (written < 50_000_000) {
          written += 100_000;
          if (!socket.write(Buffer.alloc(100_000))) return void socket.once('drain', write);
        }
        socket.end();
      };
      write();
    });
    const client = connect();
    client.pause();
    let before = -1;
    await vi.waitFor(
      () => {
        const still = written === before && written > 0;
        before = written;
        expect(still).toBe(true);
      },
      { timeout: 5000, interval: 100 },
    );
    expect(written).toBeLessThan(50_000_000);
    expect((await gather(client)).length).toBe(50_000_000);
  });

  it('resets a connection that the program does not take, and says so', async () => {
    const { program, connect, refused } = await relayTo(() => {});
    await new Promise((resolve) => program.server.close(resolve));
    expect(await ending(connect())).toBe('ECONNRESET');
    expect(refused).toHaveBeenCalled();
  });

  it('passes on a reset, either way', async () => {
    const sockets: Socket[] = [];
    const { connect } = await relayTo((socket) => sockets.push(socket));
    const first = connect();
    await vi.waitFor(() => expect(sockets.length).toBe(1));
    const seenByClient = ending(first);
    sockets[0]?.resetAndDestroy();
    expect(await seenByClient).toBe('ECONNRESET');
    const second = connect();
    await vi.waitFor(() => expect(sockets.length).toBe(2));
    const seenByProgram = ending(sockets[1] as Socket);
    second.resetAndDestroy();
    expect(await seenByProgram).toBe('ECONNRESET');
  });

  it('keeps open connections when it listens no more, and says when the last is over', async () => {
    const { connect, relay, idle } = await relayTo((socket) => socket.pipe(socket));
    const client = connect();
    client.write('a');
    await new Promise((resolve) => client.once('data', resolve));
    relay.close();
    expect(await ending(connect())).toBe('ECONNREFUSED');
    expect(relay.connections).toBe(1);
    expect(idle).not.toHaveBeenCalled();
    client.end('b');
    expect((await gather(client)).toString()).toBe('b');
    await vi.waitFor(() => expect(idle).toHaveBeenCalledOnce());
  });
});
