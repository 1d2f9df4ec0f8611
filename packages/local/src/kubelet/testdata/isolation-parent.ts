/** A process that makes a network, and is made to be killed. Prints `up` when there is one. */
import { silentLogger, systemTimers } from '@sluice/kernel';
import { SystemNetworkIsolation } from '../isolation/system-network-isolation.ts';

const isolation = new SystemNetworkIsolation({
  timers: systemTimers,
  logger: silentLogger,
  platform: process.platform,
  path: process.env.PATH ?? '',
});
await isolation.open({ name: 'default/p/c', ports: [{ inside: 3000, outside: [] }], onLost: () => {} });
process.stdout.write('up\n');
