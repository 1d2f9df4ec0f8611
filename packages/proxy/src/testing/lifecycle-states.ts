/** The states of a client's HTTP/1.1 connection and its exchange: how each is reached, and what shows that it has been. */
import { expect } from 'vitest';
import { waitingPath, type LifecycleWorld } from './lifecycle-world.ts';

export const requestText = 'GET /next HTTP/1.1\r\nhost: a\r\n\r\n';
export const partOfHead = 'GET /next HTTP/1.1\r\nho';
export const pieceOfBody = '3\r\nabc\r\n';
export const endOfBody = '0\r\n\r\n';
export const wholeResponse = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
export const partOfResponse = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc';
export const switchResponse = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';

const restOfHead = 'st: a\r\n\r\n';
const post = 'POST /upload HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
const upgrade = 'GET /chat HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';
/** The preface of HTTP/2 and empty SETTINGS. */
const http2 = `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0`;
const bigPiece = 200_000;
const bigRest = 100_000;

/** Longer than any way through the proxy takes, in ms. */
const soonMs = 20;

export interface LifecycleState {
  /** From a connection that is just there. */
  reach(world: LifecycleWorld): Promise<void>;
  /** Does what is possible in this state only. */
  prove(world: LifecycleWorld): Promise<void>;
}

export const lifecycleStates: Readonly<Record<string, LifecycleState>> = {
  fresh: {
    async reach() {},
    async prove(world) {
      await clientSays(world, http2);
      // Its settings are acknowledged.
      expect(world.client.text).toContain('\0\0\0\x04\x01\0\0\0\0');
    },
  },
  idle: {
    async reach(world) {
      await clientSays(world, requestText);
      await hostSays(world, wholeResponse);
    },
    async prove(world) {
      expect(world.streams).toBe(0);
      await clientSays(world, requestText);
      await hostAnswers(world);
    },
  },
  head: {
    reach: (world) => clientSays(world, partOfHead),
    async prove(world) {
      const asked = countOf(world, 'GET /next');
      expect(world.streams).toBe(0);
      await clientSays(world, restOfHead);
      expect(countOf(world, 'GET /next')).toBe(asked + 1);
      await hostAnswers(world);
    },
  },
  waiting: {
    reach: (world) => clientSays(world, `GET ${waitingPath} HTTP/1.1\r\nhost: a\r\n\r\n`),
    async prove(world) {
      expect(countOf(world, `GET ${waitingPath}`)).toBe(0);
      world.waiting?.continueRequest();
      await world.pass(soonMs);
      expect(countOf(world, `GET ${waitingPath}`)).toBe(1);
      await hostAnswers(world);
    },
  },
  'let go': {
    async reach(world) {
      await clientSays(world, `GET ${waitingPath} HTTP/1.1\r\nhost: a\r\n\r\n`);
      world.waiting?.continueRequest();
      await world.pass(soonMs);
    },
    async prove(world) {
      await hostAnswers(world);
    },
  },
  connecting: {
    async reach(world) {
      world.cutHostOff(true);
      await clientSays(world, post + pieceOfBody);
    },
    async prove(world) {
      expect(world.hosts).toEqual([]);
      world.cutHostOff(false);
      await world.pass(500);
      expect(world.host.text).toMatch(/^POST [^]*abc/);
    },
  },
  body: {
    reach: (world) => clientSays(world, post + pieceOfBody),
    async prove(world) {
      await proveBodyIsRead(world);
      await clientSays(world, endOfBody);
      await hostAnswers(world);
    },
  },
  awaiting: {
    reach: (world) => clientSays(world, requestText),
    prove: hostAnswers,
  },
  pipelined: {
    reach: (world) => clientSays(world, requestText + requestText),
    async prove(world) {
      const asked = countOf(world, 'GET /next');
      await hostAnswers(world);
      expect(countOf(world, 'GET /next')).toBe(asked + 1);
      await hostAnswers(world);
    },
  },
  early: {
    async reach(world) {
      await clientSays(world, post + pieceOfBody);
      await hostBegins(world, partOfResponse, 'def');
    },
    async prove(world) {
      await proveBodyIsRead(world);
      await hostEnds(world);
    },
  },
  streaming: {
    async reach(world) {
      await clientSays(world, requestText);
      await hostBegins(world, partOfResponse, 'def');
    },
    prove: hostEnds,
  },
  blocked: {
    async reach(world) {
      await clientSays(world, requestText);
      world.letClientRead(false);
      await hostBegins(world, `HTTP/1.1 200 OK\r\ncontent-length: ${bigPiece + bigRest}\r\n\r\n${'x'.repeat(bigPiece)}`, 'x'.repeat(bigRest));
    },
    async prove(world) {
      expect(world.host.connection?.pendingBytes).toBeGreaterThan(0);
      world.letClientRead(true);
      await world.pass(500);
      expect(world.client.text.length).toBeGreaterThan(bigPiece);
    },
  },
  tunnel: {
    reach: openTunnel,
    async prove(world) {
      await proveHostHears(world);
      await proveClientHears(world);
    },
  },
  'tunnel, client done': {
    async reach(world) {
      await openTunnel(world);
      world.client.end();
      await world.pass(soonMs);
    },
    async prove(world) {
      await proveClientHears(world);
      world.host.end();
      await world.pass(soonMs);
      expect(world.connections).toBe(0);
    },
  },
  'tunnel, host done': {
    async reach(world) {
      await openTunnel(world);
      world.host.end();
      await world.pass(soonMs);
    },
    async prove(world) {
      await proveHostHears(world);
      world.client.end();
      await world.pass(soonMs);
      expect(world.connections).toBe(0);
    },
  },
  lingering: {
    async reach(world) {
      await clientSays(world, post + pieceOfBody);
      await hostSays(world, wholeResponse);
    },
    async prove(world) {
      world.letClientRead(true);
      await world.pass(500);
      expect([world.streams, world.connections, world.client.hasEnded]).toEqual([0, 1, true]);
      const heard = world.client.text;
      await clientSays(world, requestText);
      expect([world.client.text, world.connections]).toEqual([heard, 1]);
      world.client.end();
      await world.pass(soonMs);
      expect(world.connections).toBe(0);
    },
  },
  closed: {
    async reach(world) {
      await clientSays(world, requestText);
      world.client.reset();
      await world.pass(soonMs);
    },
    async prove(world) {
      expect([world.streams, world.connections]).toEqual([0, 0]);
    },
  },
};

function openTunnel(world: LifecycleWorld): Promise<void> {
  return clientSays(world, upgrade).then(() => hostSays(world, switchResponse));
}

async function clientSays(world: LifecycleWorld, text: string): Promise<void> {
  world.client.write(text);
  await world.pass(soonMs);
}

async function hostSays(world: LifecycleWorld, text: string): Promise<void> {
  world.host.write(text);
  await world.pass(soonMs);
}

async function hostBegins(world: LifecycleWorld, text: string, owed: string): Promise<void> {
  world.owed = owed;
  await hostSays(world, text);
}

async function hostEnds(world: LifecycleWorld): Promise<void> {
  const heard = world.client.text.length;
  await hostSays(world, world.owed);
  await world.pass(500);
  expect(world.client.text.slice(heard).startsWith(world.owed)).toBe(true);
}

/** As a response, which the proxy puts its own way; not as bytes. */
async function hostAnswers(world: LifecycleWorld): Promise<void> {
  const heard = world.client.text.length;
  await hostSays(world, 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n05\r\nproof\r\n0\r\n\r\n');
  expect(world.client.text.slice(heard)).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*?\r\n\r\n5\r\nproof\r\n/);
}

async function proveBodyIsRead(world: LifecycleWorld): Promise<void> {
  await clientSays(world, '5\r\nproof\r\n');
  expect(world.host.text.endsWith('5\r\nproof\r\n')).toBe(true);
}

async function proveHostHears(world: LifecycleWorld): Promise<void> {
  await clientSays(world, 'from the client');
  expect(world.host.text.endsWith('from the client')).toBe(true);
}

async function proveClientHears(world: LifecycleWorld): Promise<void> {
  await hostSays(world, 'from the host');
  expect(world.client.text.endsWith('from the host')).toBe(true);
}

function countOf(world: LifecycleWorld, text: string): number {
  return world.hosts.reduce((count, host) => count + host.text.split(text).length - 1, 0);
}
