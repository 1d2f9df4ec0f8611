import type { MessageStreamHandler, StreamStatus } from '@sluice/kernel';
import { expect, test } from 'vitest';

import type { DiscoveryResponse } from '../discovery.ts';
import type { AdsStream } from '../transport.ts';
import { createFailoverTransport, type ServerTransport } from './failover-transport.ts';

class Server {
  readonly handlers: MessageStreamHandler<DiscoveryResponse>[] = [];

  readonly transport: ServerTransport = {
    openAds: () => this.#open(),
    openType: () => this.#open(),
    openDeltaAds: () => never(),
    openDeltaType: () => never(),
    openLoadStats: () => never(),
  };

  end(status: StreamStatus = { code: 14, details: 'gone' }): void {
    this.handlers.at(-1)?.onEnd(status);
  }

  say(): void {
    this.handlers.at(-1)?.onMessage({ typeUrl: 't', versionInfo: '1', nonce: 'n', resources: [] });
  }

  #open(): AdsStream {
    return { listen: (handler) => void this.handlers.push(handler), send: () => true, end: () => this.end({ code: 0, details: '' }) };
  }
}

function never(): never {
  throw new Error('not asked for here');
}

const silent: MessageStreamHandler<DiscoveryResponse> = { onMessage() {}, onEnd() {} };

test('a server that ends a stream without a word is passed over, in a circle', () => {
  const servers = [new Server(), new Server()] as const;
  const transport = createFailoverTransport(servers.map((server) => server.transport));
  transport.openAds().listen(silent);
  servers[0].end();
  transport.openAds().listen(silent);
  expect(servers.map(({ handlers }) => handlers.length)).toEqual([1, 1]);
  servers[1].end();
  transport.openAds().listen(silent);
  expect(servers.map(({ handlers }) => handlers.length)).toEqual([2, 1]);
});

test('a server that has answered is asked first again', () => {
  const servers = [new Server(), new Server()] as const;
  const transport = createFailoverTransport(servers.map((server) => server.transport));
  transport.openAds().listen(silent);
  servers[0].end();
  transport.openAds().listen(silent);
  servers[1].say();
  servers[1].end();
  transport.openAds().listen(silent);
  expect(servers.map(({ handlers }) => handlers.length)).toEqual([1, 2]);
});

test('streams that find out together move on once', () => {
  const servers = [new Server(), new Server(), new Server()] as const;
  const transport = createFailoverTransport(servers.map((server) => server.transport));
  transport.openAds().listen(silent);
  transport.openType('t').listen(silent);
  for (const handler of servers[0].handlers) handler.onEnd({ code: 14, details: 'gone' });
  transport.openAds().listen(silent);
  expect(servers.map(({ handlers }) => handlers.length)).toEqual([2, 1, 0]);
});

test('a stream that its own side ends says nothing about the server', () => {
  const servers = [new Server(), new Server()] as const;
  const transport = createFailoverTransport(servers.map((server) => server.transport));
  const stream = transport.openAds();
  stream.listen(silent);
  stream.end();
  transport.openAds().listen(silent);
  expect(servers.map(({ handlers }) => handlers.length)).toEqual([2, 0]);
});
