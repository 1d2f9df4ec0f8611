/** `envoy.filters.network.echo`: what comes goes back. */
import { MessageReader } from '@sluice/resources';
import { defineNetworkFilter } from './network-filter.ts';

export const echoTypeName = 'envoy.extensions.filters.network.echo.v3.Echo';

export const echoFactory = defineNetworkFilter<object>({
  typeName: echoTypeName,
  isTerminal: true,
  read(json, scope) {
    const reader = MessageReader.open(json, scope);
    reader?.done();
    return reader && {};
  },
  create: () => ({ kind: 'server', server: { kind: 'echo' } }),
});
