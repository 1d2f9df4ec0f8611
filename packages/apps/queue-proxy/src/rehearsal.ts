/**
 * What a sidecar does that has been started ahead and has time: it serves a program of its own, as it will serve the user's, and forgets that. Code that has
 * run costs a fraction of what it costs the first time, which would be while somebody waits and the user's program starts.
 */
import { Buffer } from 'node:buffer';
import { createMeter, silentLogger, type BoundListener, type Clock, type Network, type Random, type Timers } from '@sluice/kernel';
import { probeHttp } from '@sluice/proxy';
import { composeQueueProxy } from './compose.ts';
import { readSettings, type QueueProxySettings } from './config.ts';

export interface RehearsalParts {
  readonly network: Network;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** One after the other. Chosen: what runs so often has been compiled as far as V8 does soon, in some tens of ms. */
const requests = 30;

/** For so long the program does not listen, in ms: that is what a sidecar meets first. */
const closedMs = 10;

/** How long one question may take, in ms. Chosen: far longer than any needs. */
const patienceMs = 2000;

const host = '127.0.0.1';
const answer = Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok');

/** How many requests were answered. Never rejects, and leaves nothing open: without it the first request is slower, and nothing else. */
export async function rehearse(parts: RehearsalParts): Promise<number> {
  let served = 0;
  try {
    const port = await freePort(parts.network);
    const sidecar = composeQueueProxy({ ...parts, settings: settingsFor(port), logger: silentLogger, meter: createMeter() });
    await sidecar.start();
    const program = startProgram(parts, port);
    try {
      const ask = askerOf(parts, sidecar.proxy.listeners()[0]?.port ?? 0);
      await ask({ 'k-network-probe': 'queue' });
      while (served < requests && (await ask({ 'k-proxy-request': 'activator', 'k-original-host': host }))) served += 1;
    } finally {
      await sidecar.stop();
      await (await program)?.close();
    }
  } catch {
    // There is no port to be had, say.
  }
  return served;
}

/** Listens a little later, as a program does that has to start. Undefined: the port has been taken by somebody else meanwhile. */
function startProgram({ network, timers }: RehearsalParts, port: number): Promise<BoundListener | undefined> {
  return new Promise((resolve) => timers.after(closedMs, () => listen(network, port).then(resolve, () => resolve(undefined))));
}

type Ask = (headers: Readonly<Record<string, string>>) => Promise<boolean>;

function askerOf({ network, timers }: RehearsalParts, port: number): Ask {
  const question = { address: { host, port }, host, path: '/', timeoutMs: patienceMs };
  return (headers) => new Promise((resolve) => probeHttp(network, timers, { ...question, headers }, (result) => resolve(result.kind === 'answered' && result.status === 200)));
}

async function freePort(network: Network): Promise<number> {
  const listener = await network.listen({ host, port: 0 }, (connection) => connection.destroy());
  await listener.close();
  return listener.address.port;
}

function listen(network: Network, port: number): Promise<BoundListener> {
  return network.listen({ host, port }, (connection) => {
    connection.handler = { onData: () => void connection.write(answer, 0, answer.length), onDrain() {}, onEnd: () => connection.end(), onClose() {} };
  });
}

/** As from a controller, at any free port. */
function settingsFor(userPort: number): QueueProxySettings {
  const read = readSettings([], {
    CONTAINER_CONCURRENCY: '0',
    QUEUE_SERVING_PORT: '8012',
    QUEUE_SERVING_TLS_PORT: '8112',
    USER_PORT: String(userPort),
    REVISION_TIMEOUT_SECONDS: '300',
    SERVING_LOGGING_CONFIG: '',
    SERVING_LOGGING_LEVEL: '',
    SERVING_NAMESPACE: 'rehearsal',
    SERVING_CONFIGURATION: 'rehearsal',
    SERVING_REVISION: 'rehearsal-00001',
    SERVING_POD: 'rehearsal',
    SERVING_POD_IP: host,
    SERVING_READINESS_PROBE: JSON.stringify({ tcpSocket: { port: userPort }, successThreshold: 1 }),
  });
  if (!read.ok) throw new TypeError('the settings of the rehearsal are not right');
  return { ...read.value, servingPort: 0 };
}
