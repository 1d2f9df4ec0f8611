/** An echoing proxy for a process that has few file descriptors; says where it listens. */
import { socketAddress, typed } from '@sluice/resources/testing';
import { createPoisonedNetwork } from './poisoned-network.ts';
import { startBootstrap } from './bootstrap-fixture.ts';

const echo = { name: 'echo', typed_config: typed('envoy.extensions.filters.network.echo.v3.Echo') };
const accept = process.argv[2] === 'events' ? 'events' : 'reused';
const proxy = await startBootstrap({
  listeners: [{ name: 'main', address: socketAddress('127.0.0.1', 0), filter_chains: [{ filters: [echo] }] }],
  network: createPoisonedNetwork(accept),
});
process.stdout.write(`port ${proxy.addressOf('main').port}\n`);
