/** A client that was told how to wait comes again when a busy server asks for it. */
import { createServer } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, type Timers } from '@sluice/kernel';
import { expect, test } from 'vitest';
import { pods } from '../builtin-kinds.ts';
import { connectToCluster } from './connect.ts';

test('a refusal with 429 is waited out where there is something to wait with, and given back otherwise', async () => {
  const waits: number[] = [];
  /** Time passes at once, and is noted. */
  const timers: Timers = {
    after(delayMs, fn) {
      waits.push(delayMs);
      setImmediate(fn);
      return { cancel() {} };
    },
    every: () => ({ cancel() {} }),
  };
  let requests = 0;
  const server = createServer((_, response) => {
    requests += 1;
    if (requests % 2 === 1) response.writeHead(429, { 'retry-after': '3' }).end('{}');
    else response.end('{"metadata":{},"items":[]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const directory = await mkdtemp(join(tmpdir(), 'connect-'));
  const path = join(directory, 'config');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await writeFile(path, `current-context: c\nclusters: [{name: k, cluster: {server: "${url}"}}]\ncontexts: [{name: c, context: {cluster: k}}]\n`);
  const options = { environment: { KUBECONFIG: path }, fieldManager: 'test', clock: systemClock };

  const patient = await connectToCluster({ ...options, timers });
  expect((await patient.resource(pods).list()).items).toEqual([]);
  expect(waits).toEqual([3000]);
  const plain = await connectToCluster(options);
  await expect(plain.resource(pods).list()).rejects.toMatchObject({ httpStatus: 429, retryAfterMs: 3000 });

  await patient.close();
  await plain.close();
  await new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)));
  await rm(directory, { recursive: true });
});
