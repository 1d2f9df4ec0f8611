/** What can happen to a client's HTTP/1.1 connection and its exchange, and where it cannot. */
import { endOfBody, partOfHead, partOfResponse, pieceOfBody, requestText, switchResponse, wholeResponse } from './lifecycle-states.ts';
import type { LifecycleWorld, WorldSettings } from './lifecycle-world.ts';

export interface LifecycleEvent {
  /** What must be configured before. */
  readonly settings?: WorldSettings;
  /** How long it takes until all of its effects are there, in ms. Default 20. */
  readonly takesMs?: number;
  happen?(world: LifecycleWorld): void;
  /** Why it cannot happen now. */
  cannot?(world: LifecycleWorld): string | undefined;
}

const timerMs = 400;
/** A sweep later they are due, and so is what gives the client a little more time. */
const timerTakesMs = 600;

export const lifecycleEvents: Readonly<Record<string, LifecycleEvent>> = {
  'client: request': fromClient((world) => world.client.write(requestText)),
  'client: part of a head': fromClient((world) => world.client.write(partOfHead)),
  'client: piece of a body': fromClient((world) => world.client.write(pieceOfBody)),
  'client: end of the body': fromClient((world) => world.client.write(endOfBody)),
  'client: junk': fromClient((world) => world.client.write('\x01\x02\x03\r\n\r\n')),
  'client: FIN': fromClient((world) => world.client.end()),
  'client: RST': fromClient((world) => world.client.reset()),
  'client: reads again': {
    takesMs: 500,
    happen: (world) => world.letClientRead(true),
    cannot: (world) => (world.isClientReading ? 'it reads' : undefined),
  },
  'host: connected': {
    takesMs: 500,
    happen: (world) => world.cutHostOff(false),
    cannot: (world) => (world.isHostCutOff ? undefined : 'no connection is on its way'),
  },
  'host: response': fromHost((world) => world.host.write(wholeResponse)),
  'host: part of a response': fromHost((world) => {
    world.owed = 'def';
    world.host.write(partOfResponse);
  }),
  'host: rest of its response': { ...fromHost((world) => world.host.write(world.owed)), cannot: (world) => withoutHost(world) ?? (world.owed === '' ? 'no response has begun' : undefined) },
  'host: 101': fromHost((world) => world.host.write(switchResponse)),
  'host: junk': fromHost((world) => world.host.write('\x01\x02\x03\r\n\r\n')),
  'host: FIN': fromHost((world) => world.host.end()),
  'host: RST': fromHost((world) => world.host.reset()),
  'filter: continues': fromFilter((world) => world.waiting?.continueRequest()),
  'filter: replies': fromFilter((world) => world.waiting?.reply({ status: 429, details: 'enough' })),
  'time: request_headers_timeout': timer({ manager: { requestHeadTimeoutMs: timerMs } }),
  'time: request_timeout': timer({ manager: { requestTimeoutMs: timerMs } }),
  'time: idle_timeout': timer({ manager: { idleTimeoutMs: timerMs } }),
  'time: max_connection_duration': timer({ manager: { connectionDurationMaxMs: timerMs } }),
  'time: stream_idle_timeout': timer({ manager: { streamIdleTimeoutMs: timerMs, streamFlushTimeoutMs: 3_600_000 } }),
  'time: stream_flush_timeout': timer({ manager: { streamFlushTimeoutMs: timerMs } }),
  'time: max_stream_duration': timer({ manager: { streamDurationMaxMs: timerMs } }),
  'time: timeout of the route': timer({ route: { timeoutMs: timerMs } }),
  'time: connect_timeout': timer({ cluster: { connectTimeoutMs: timerMs } }),
  'time: delayed_close_timeout': timer({ manager: { delayedCloseTimeoutMs: timerMs } }),
  'proxy: drain': { happen: (world) => world.drain(3_600_000) },
  'proxy: drain, a second later': { takesMs: 1_200, happen: (world) => world.drain(3_600_000) },
  'proxy: deadline of the drain': { takesMs: 200, happen: (world) => world.drain(100) },
};

function fromClient(happen: (world: LifecycleWorld) => void): LifecycleEvent {
  return { happen, cannot: (world) => (world.client.isClosed ? 'the connection has gone' : undefined) };
}

function fromHost(happen: (world: LifecycleWorld) => void): LifecycleEvent {
  return { happen, cannot: withoutHost };
}

function withoutHost({ hosts }: LifecycleWorld): string | undefined {
  return hosts.some((host) => !host.isClosed) ? undefined : 'no host is connected';
}

function fromFilter(happen: (world: LifecycleWorld) => void): LifecycleEvent {
  return { happen, cannot: (world) => (world.waiting ? undefined : 'no filter lets it wait') };
}

function timer(settings: WorldSettings): LifecycleEvent {
  return { settings, takesMs: timerTakesMs };
}
