/** The table of cases against the embedded server, over sockets, on the clock of this machine. */
import { createSeededRandom, silentLogger, systemClock, systemTimers } from '@sluice/kernel';
import { HttpTransport } from '@sluice/kubernetes';
import { createApiServer, createMemoryStorage, serveApiServer, type ApiServer, type ServedApiServer } from '@sluice/local';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { runCase, table } from './client/table.ts';

let server: ApiServer;
let served: ServedApiServer;
let transport: HttpTransport;
let runs = 0;

beforeAll(async () => {
  server = createApiServer({ clock: systemClock, timers: systemTimers, random: createSeededRandom(1), storage: createMemoryStorage(), logger: silentLogger });
  // Versions from the beginning are no longer kept, as on a server that has run for a while.
  server.compactHistory();
  served = await serveApiServer(server);
  transport = new HttpTransport({ access: { server: served.url, tls: {}, namespace: 'default' }, clock: systemClock });
});

afterAll(async () => {
  await transport.close();
  await served.close();
  server.stop();
});

describe.each(Object.entries(table))('%s', (_theme, cases) => {
  test.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => runCase(one, transport, `r${(runs += 1)}`));
});
