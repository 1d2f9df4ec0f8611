import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import type { Connection, ConnectionHandler } from '../network.ts';
import { createSeededRandom } from '../random.ts';
import { SimulatedLinks, SimulatedNetwork, SimulatedTime } from './index.ts';

const server = { host: '10.0.0.2', port: 80 };

function createWorld() {
  const time = new SimulatedTime();
  const links = new SimulatedLinks({ time });
  const connects: string[] = [];
  const network = new SimulatedNetwork({ links, onConnect: (from, to) => connects.push(`${from} ${to.host}:${to.port}`) });
  return { time, links, network, connects, a: network.view('a', '10.0.0.1'), b: network.view('b', '10.0.0.2') };
}

/** Writes down what it hears; `text` is all that came. */
class Recorder implements ConnectionHandler {
  readonly events: string[] = [];
  text = '';
  onOpen() {
    this.events.push('open');
  }
  onData(memory: Buffer, length: number) {
    this.text += memory.toString('latin1', 0, length);
  }
  onDrain() {
    this.events.push('drain');
  }
  onEnd() {
    this.events.push('end');
  }
  onClose(error?: { readonly code: string }) {
    this.events.push(error ? `close ${error.code}` : 'close');
  }
}

const say = (connection: Connection, text: string) => {
  const bytes = Buffer.from(text, 'latin1');
  return connection.write(bytes, 0, bytes.length);
};

async function accepting(world: ReturnType<typeof createWorld>) {
  const accepted: { readonly connection: Connection; readonly heard: Recorder }[] = [];
  await world.b.listen(server, (connection) => {
    const heard = new Recorder();
    connection.handler = heard;
    accepted.push({ connection, heard });
  });
  return accepted;
}

test('listening on all addresses is listening on the view\'s own', async () => {
  const world = createWorld();
  const nothing = () => {};
  expect((await world.a.listen({ host: '0.0.0.0', port: 80 }, nothing)).address).toEqual({ host: '10.0.0.1', port: 80 });
  expect((await world.b.listen({ host: '::', port: 80 }, nothing)).address).toEqual({ host: '10.0.0.2', port: 80 });
  await expect(world.b.listen({ host: '10.0.0.2', port: 80 }, nothing)).rejects.toThrow('address already in use');
});

test('bytes arrive in order and both ends close when both have ended', async () => {
  const world = createWorld();
  const accepted = await accepting(world);
  const heard = new Recorder();
  const connection = world.a.connect(server, heard);
  world.time.advance(20);
  say(connection, 'one ');
  say(connection, 'two ');
  world.time.advance(20);
  say(connection, 'three');
  connection.end();
  world.time.advance(20);
  const [other] = accepted;
  expect(other?.heard.text).toBe('one two three');
  expect(other?.heard.events).toEqual(['end']);
  expect(heard.events).toEqual(['open']);
  if (other) {
    say(other.connection, 'answer');
    other.connection.end();
  }
  world.time.advance(20);
  expect(heard.text).toBe('answer');
  expect(heard.events).toEqual(['open', 'end', 'close']);
  expect(other?.heard.events).toEqual(['end', 'close']);
  expect([world.a.connectionCount, world.b.connectionCount]).toEqual([0, 0]);
});

test('what is written before it is open is taken when it opens', async () => {
  const world = createWorld();
  const accepted = await accepting(world);
  const heard = new Recorder();
  expect(say(world.a.connect(server, heard), 'early')).toBe(false);
  world.time.advance(20);
  expect(heard.events).toEqual(['open', 'drain']);
  expect(accepted[0]?.heard.text).toBe('early');
});

test('nothing is called from within connect, write and destroy', async () => {
  const world = createWorld();
  await accepting(world);
  const heard = new Recorder();
  const connection = world.a.connect(server, heard);
  say(connection, 'x');
  connection.destroy();
  expect(heard.events).toEqual([]);
  world.time.advance(20);
  expect(heard.events).toEqual(['close']);
});

test('connecting where nobody listens is refused, and to an isolated part runs out of time', async () => {
  const world = createWorld();
  const refused = new Recorder();
  world.a.connect(server, refused);
  world.time.advance(20);
  expect(refused.events).toEqual(['close connection-refused']);
  await accepting(world);
  world.links.setIsolated('b', true);
  const late = new Recorder();
  world.a.connect(server, late, { timeoutMs: 500 });
  world.time.advance(499);
  expect(late.events).toEqual([]);
  world.time.advance(2);
  expect(late.events).toEqual(['close connect-timeout']);
  expect(world.connects).toEqual(['a 10.0.0.2:80', 'a 10.0.0.2:80']);
});

test('a reader that pauses holds its writer up, whose memory stays in use until the drain', async () => {
  const world = createWorld();
  const accepted = await accepting(world);
  const heard = new Recorder();
  const connection = world.a.connect(server, heard);
  world.time.advance(20);
  const [other] = accepted;
  other?.connection.pause();
  const memory = Buffer.alloc(200_000, 'm');
  expect(connection.write(memory, 0, memory.length)).toBe(false);
  world.time.advance(1000);
  expect(other?.heard.text).toBe('');
  expect(connection.pendingBytes).toBe(200_000 - 65_536);
  other?.connection.resume();
  world.time.advance(1000);
  expect(other?.heard.text).toBe('m'.repeat(200_000));
  expect(connection.pendingBytes).toBe(0);
  expect(heard.events).toEqual(['open', 'drain']);
});

test('lent memory is overwritten when the call is over, unless it is dedicated and reading is paused', async () => {
  const world = createWorld();
  const kept: Buffer[] = [];
  const pausing: Connection[] = [];
  await world.b.listen(server, (connection) => {
    if (pausing.length > 0) connection.dedicateReadMemory(true);
    connection.handler = {
      ...new Recorder(),
      onData(memory, length) {
        kept.push(memory.subarray(0, length));
        if (pausing.length > 0) connection.pause();
      },
      onDrain() {},
      onEnd() {},
      onClose() {},
    };
    pausing.push(connection);
  });
  say(world.a.connect(server, new Recorder()), 'a');
  world.time.advance(20);
  say(world.a.connect(server, new Recorder()), 'b');
  world.time.advance(20);
  expect(kept.map((bytes) => bytes.toString('latin1'))).toEqual(['\u00db', 'b']);
});

test('a killed process is silent and its peers see a reset', async () => {
  const world = createWorld();
  const accepted = await accepting(world);
  const heard = new Recorder();
  const connection = world.a.connect(server, heard);
  world.time.advance(20);
  world.b.destroy();
  say(connection, 'anybody there');
  world.time.advance(20);
  expect(heard.events).toEqual(['open', 'close connection-reset']);
  expect(accepted[0]?.heard.events).toEqual([]);
  expect(accepted[0]?.heard.text).toBe('');
  expect(world.network.listening).toEqual([]);
});

test('who writes to a peer that has closed is told so', async () => {
  const world = createWorld();
  const accepted = await accepting(world);
  const heard = new Recorder();
  const connection = world.a.connect(server, heard);
  world.time.advance(20);
  accepted[0]?.connection.destroy();
  world.time.advance(20);
  expect(heard.events).toEqual(['open', 'end']);
  say(connection, 'more');
  world.time.advance(20);
  expect(heard.events).toEqual(['open', 'end', 'close connection-reset']);
});

test('what is sent to an isolated part arrives when it is back, in order', () => {
  const { time, links } = createWorld();
  const pipe = links.openPipe('a', 'b');
  const came: string[] = [];
  links.setIsolated('b', true);
  pipe.send(() => came.push('first'));
  pipe.send(() => came.push('second'));
  time.advance(5000);
  expect(came).toEqual([]);
  links.setIsolated('b', false);
  time.advance(200);
  expect(came).toEqual(['first', 'second']);
  pipe.send(() => came.push('third'));
  pipe.cut();
  time.advance(200);
  expect(came).toEqual(['first', 'second']);
});

test('the same seed gives the same delays and pieces', async () => {
  const run = async (seed: number) => {
    const time = new SimulatedTime();
    const links = new SimulatedLinks({ time, random: createSeededRandom(seed) });
    const network = new SimulatedNetwork({ links, random: createSeededRandom(seed) });
    const arrivals: string[] = [];
    await network.view('b', server.host).listen(server, (connection) => {
      connection.handler = {
        ...new Recorder(),
        onData: (_, length) => arrivals.push(`${time.now()} ${length}`),
        onDrain() {},
        onEnd() {},
        onClose() {},
      };
    });
    const connection = network.view('a', '10.0.0.1').connect(server, new Recorder());
    for (let index = 0; index < 30; index += 1) say(connection, 'some bytes');
    time.advance(100);
    return arrivals;
  };
  expect(await run(7)).toEqual(await run(7));
  expect(await run(7)).not.toEqual(await run(8));
});
