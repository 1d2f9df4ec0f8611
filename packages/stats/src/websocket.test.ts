/** Either end of the websocket against a peer that is nothing but bytes, as a stock activator or autoscaler sends them. */
import { Buffer } from 'node:buffer';
import { createMeter, createSeededRandom, type Address, type Connection, type Meter } from '@sluice/kernel';
import { RecordingLogger, SimulatedLinks, SimulatedNetwork, SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, it } from 'vitest';
import { emptyStat, type StatMessage } from './stat-message.ts';
import { createStatReceiver } from './stat-receiver.ts';
import { createStatSender } from './stat-sender.ts';

const autoscaler: Address = { host: '10.0.0.1', port: 8080 };
const request =
  'GET / HTTP/1.1\r\nHost: autoscaler.knative-serving.svc.cluster.local:8080\r\nUser-Agent: Go-http-client/1.1\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nUpgrade: websocket\r\n\r\n';
const response = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

/** {average 1, count 1} for default/r from the activator `a`, as WireStatMessages: what a first request sends. */
const wakeHex = [
  '0a23', // a message of 35 bytes
  '0a0764656661756c74', // "default"
  '120172', // "r"
  '1a150a0161', // a stat of 21 bytes, from "a"
  '11000000000000f03f', // concurrency 1
  '21000000000000f03f', // count 1
].join('');
const wake: StatMessage = { namespace: 'default', name: 'r', stat: { ...emptyStat('a'), averageConcurrentRequests: 1, requestCount: 1 } };
/** The same as a client's frame with the mask 00000000, which leaves bytes as they are. */
const wakeFrame = `82a500000000${wakeHex}`;

const zero = { next: () => 0 };

function createWorld() {
  const time = new SimulatedTime();
  const network = new SimulatedNetwork({ links: new SimulatedLinks({ time, delayMs: [1, 1] }) });
  const meter = createMeter();
  const logger = new RecordingLogger();
  return { time, network, meter, logger, activator: network.view('activator', '10.0.0.2'), server: network.view('autoscaler', '10.0.0.1') };
}

/** A peer that keeps what comes, as text. */
class Peer {
  received = '';
  isClosed = false;
  connection: Connection | undefined;
  readonly handler = {
    onOpen: () => {},
    onData: (memory: Buffer, length: number) => {
      this.received += memory.toString('latin1', 0, length);
    },
    onDrain: () => {},
    onEnd: () => this.connection?.destroy(),
    onClose: () => {
      this.isClosed = true;
    },
  };

  send(bytes: string | Buffer): void {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    this.connection?.write(buffer, 0, buffer.length);
  }

  get receivedHex(): string {
    return Buffer.from(this.received, 'latin1').toString('hex');
  }
}

function sumOf(meter: Meter, name: string): number {
  const family = meter.collect().find((found) => found.name === name);
  return (family?.samples ?? []).reduce((sum, { value }) => sum + value, 0);
}

describe('an autoscaler', () => {
  async function start() {
    const world = createWorld();
    const messages: StatMessage[] = [];
    const receiver = createStatReceiver({ ...world, network: world.server, address: autoscaler, timers: world.time, onMessages: (all) => messages.push(...all) });
    await receiver.listen();
    const connect = async (bytes: string) => {
      const peer = new Peer();
      peer.connection = world.activator.connect(autoscaler, peer.handler);
      await world.time.advanceAsync(10);
      peer.send(bytes);
      await world.time.advanceAsync(10);
      return peer;
    };
    return { ...world, receiver, messages, connect };
  }

  it('takes the statistics of a stock activator', async () => {
    const { connect, messages, time } = await start();
    const peer = await connect(request);
    expect(peer.received).toBe(response);
    peer.send(Buffer.from(wakeFrame, 'hex'));
    await time.advanceAsync(10);
    expect(messages).toEqual([wake]);
  });

  it('answers pings with what they carry', async () => {
    const { connect, time } = await start();
    const peer = await connect(request);
    peer.received = '';
    peer.send(Buffer.from('8982000000006869', 'hex'));
    await time.advanceAsync(10);
    expect(peer.receivedHex).toBe('8a026869');
  });

  it('closes with 1012 when it stops, so that activators come back at once', async () => {
    const { connect, receiver, time } = await start();
    const peer = await connect(request);
    peer.received = '';
    const stopped = receiver.stop();
    await time.advanceAsync(1000);
    await stopped;
    expect(peer.receivedHex).toBe(`880c03f4${Buffer.from('Restarting').toString('hex')}`);
    expect(peer.isClosed).toBe(true);
  });

  it('leaves out what it cannot read, and goes on', async () => {
    const { connect, messages, meter, time } = await start();
    const peer = await connect(request);
    peer.send(Buffer.from(`828100000000ff8182000000007b7d${wakeFrame}`, 'hex'));
    await time.advanceAsync(10);
    expect(messages).toEqual([wake]);
    expect(sumOf(meter, 'sluice_stat_messages_refused_total')).toBe(2);
  });

  it('ends a conversation that is none', async () => {
    const { connect, time } = await start();
    const peer = await connect(request);
    peer.received = '';
    peer.send(Buffer.from('8200', 'hex'));
    await time.advanceAsync(10);
    expect(peer.receivedHex.slice(0, 8)).toMatch(/^88..03ea$/);
    expect(peer.isClosed).toBe(true);
  });

  it('answers probes of the kubelet, and refuses what asks for no websocket', async () => {
    const { connect } = await start();
    expect((await connect('GET /healthz HTTP/1.1\r\nHost: a\r\nUser-Agent: kube-probe/1.34\r\n\r\n')).received).toMatch(/^HTTP\/1.1 200 /);
    expect((await connect('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).received).toMatch(/^HTTP\/1.1 400 /);
  });

  it('does not wait for ever for a request', async () => {
    const { connect, time } = await start();
    const peer = await connect('GET / HTTP/1.1\r\n');
    await time.advanceAsync(10_000);
    expect(peer.isClosed).toBe(true);
  });
});

describe('an activator', () => {
  async function start(random = zero) {
    const world = createWorld();
    const peers: Peer[] = [];
    await world.server.listen(autoscaler, (connection) => {
      const peer = new Peer();
      peer.connection = connection;
      connection.handler = peer.handler;
      peers.push(peer);
    });
    const sender = createStatSender({ ...world, network: world.activator, address: autoscaler, timers: world.time, random });
    sender.start();
    await world.time.advanceAsync(10);
    return { ...world, peers, sender };
  }

  /** The answer to the key of sixteen zeros, which is what `zero` chooses. */
  const accepted = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n';

  it('sends a stock autoscaler what it expects, byte for byte', async () => {
    const { peers, sender, time } = await start();
    const [peer] = peers as [Peer];
    expect(peer.received).toBe(
      'GET / HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    expect(sender.send([wake])).toBe(false);
    peer.received = '';
    peer.send(accepted);
    await time.advanceAsync(10);
    expect(sender.send([wake])).toBe(true);
    await time.advanceAsync(10);
    expect(peer.receivedHex).toBe(wakeFrame);
  });

  it('pings every third of ten seconds, and gives up a connection that does not answer within ten', async () => {
    const { peers, sender, time } = await start();
    const [peer] = peers as [Peer];
    peer.send(accepted);
    await time.advanceAsync(10);
    peer.received = '';
    await time.advanceAsync(3400);
    expect(peer.receivedHex).toBe('898000000000');
    peer.send(Buffer.from('8a00', 'hex'));
    await time.advanceAsync(9000);
    expect(sender.connected).toBe(true);
    await time.advanceAsync(1500);
    expect(peer.isClosed).toBe(true);
    expect(peers).toHaveLength(2);
  });

  it('comes back at once when it is told to', async () => {
    const { peers, time, logger } = await start();
    const [peer] = peers as [Peer];
    peer.send(accepted);
    await time.advanceAsync(10);
    peer.send(Buffer.from(`880c03f4${Buffer.from('Restarting').toString('hex')}`, 'hex'));
    await time.advanceAsync(110);
    expect(peers).toHaveLength(2);
    expect(logger.events.find(({ event }) => event === 'statistics lost')?.fields).toMatchObject({ reason: 'closed by the autoscaler: 1012 Restarting' });
  });

  it('tries again after pauses that grow by three tenths', async () => {
    const { peers, time } = await start();
    const times: number[] = [];
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const seen = peers.length;
      (peers.at(-1) as Peer).connection?.destroy();
      const from = time.now();
      await time.advanceUntil(() => peers.length > seen, 5000);
      times.push(Math.round((time.now() - from) / 10) * 10);
    }
    expect(times).toEqual([100, 130, 170, 220]);
  });

  it('gives up a handshake after three seconds, and an answer that is no upgrade at once', async () => {
    const { peers, time } = await start();
    await time.advanceAsync(3150);
    expect(peers).toHaveLength(2);
    (peers[1] as Peer).send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    await time.advanceAsync(200);
    expect(peers).toHaveLength(3);
  });

  it('says goodbye when it stops', async () => {
    const { peers, sender, time } = await start();
    const [peer] = peers as [Peer];
    peer.send(accepted);
    await time.advanceAsync(10);
    peer.received = '';
    sender.stop();
    await time.advanceAsync(1000);
    expect(peer.receivedHex).toBe('88820000000003e8');
    expect(peers).toHaveLength(1);
  });
});

it('both ends understand each other', async () => {
  const world = createWorld();
  const messages: StatMessage[] = [];
  const receiver = createStatReceiver({ ...world, network: world.server, address: autoscaler, timers: world.time, onMessages: (all) => messages.push(...all) });
  await receiver.listen();
  const sender = createStatSender({ ...world, network: world.activator, address: autoscaler, timers: world.time, random: createSeededRandom(7) });
  sender.start();
  await world.time.advanceAsync(20);
  const many = Array.from({ length: 3000 }, (_, index) => ({ ...wake, name: `hello-${index}` }));
  sender.send(many);
  await world.time.advanceAsync(60_000);
  expect(messages).toEqual(many);
  expect(sender.connected).toBe(true);
  sender.stop();
  await world.time.advanceAsync(100);
  expect(receiver.connections).toBe(0);
});
