/**
 * A limit as users write it, how it is reached, and what then must be seen: how the log speaks of it, and which counter has moved.
 * Which fields are limits at all, and that none has been forgotten, is known in `test/tidy/limits.test.ts`.
 */
import { expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture, type FilterFixtureOptions } from './filter-fixture.ts';
import type { RawPeer } from './raw-peer.ts';

export interface LimitCase {
  /** `<message>.<field>`, as in Envoy's API. */
  readonly limit: string;
  readonly options: FilterFixtureOptions;
  /** Goes beyond the limit, and waits until that is seen. Default: one request. */
  readonly reach?: (proxy: FilterFixture) => Promise<unknown>;
  /** Of the first stream that ends. Without: no stream does. */
  readonly log?: string;
  /** The one that has moved by one. */
  readonly counter: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** One test per case. */
export function testLimits(cases: readonly LimitCase[]): void {
  test.each(cases.map((limitCase) => [limitCase.limit, limitCase.counter, limitCase] as const))('%s is held, and %s says so', async (_limit, counter, { options, reach = ask, log, labels }) => {
    await using proxy = await startFilterProxy(options);
    expect(proxy.metric(counter, labels)).toBe(0);
    await reach(proxy);
    if (log !== undefined) expect(await proxy.nextLog()).toBe(log);
    await expect.poll(() => proxy.metric(counter, labels), { timeout: 10_000 }).toBe(1);
  });
}

export const get = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';

export function ask(proxy: FilterFixture): Promise<unknown> {
  return proxy.request();
}

/** What reaches a limit by writing this and reading all that comes. */
export function send(text: string): (proxy: FilterFixture) => Promise<RawPeer> {
  return async (proxy) => {
    const client = await proxy.connect();
    client.write(text);
    await client.readToEnd();
    return client;
  };
}

/** As many requests at once, each on a connection of its own. */
export function askTimes(count: number): (proxy: FilterFixture) => Promise<unknown> {
  return (proxy) => Promise.all(Array.from({ length: count }, () => proxy.request()));
}

/** An upstream that reads and says nothing. */
export async function silent(peer: RawPeer): Promise<void> {
  await peer.readToEnd();
}

/** An upstream that answers each head with this. */
export function answering(text: string): (peer: RawPeer) => Promise<void> {
  return async (peer) => {
    for (;;) {
      await peer.readHead();
      peer.write(text);
    }
  };
}

/** An upstream that takes its time. */
export async function slow(peer: RawPeer): Promise<void> {
  for (;;) {
    await peer.readHead();
    await new Promise((resolve) => setTimeout(resolve, 150));
    peer.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
  }
}
