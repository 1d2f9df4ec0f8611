/** `envoy.filters.network.direct_response`: the same bytes for everybody, then the end. */
import { Buffer } from 'node:buffer';
import { MessageReader, readDataSource } from '@sluice/resources';
import { defineNetworkFilter } from './network-filter.ts';

export const directResponseTypeName = 'envoy.extensions.filters.network.direct_response.v3.Config';

export const directResponseFactory = defineNetworkFilter<Buffer>({
  typeName: directResponseTypeName,
  isTerminal: true,
  read(json, scope) {
    const reader = MessageReader.open(json, scope);
    if (!reader) return undefined;
    const response = reader.read('response', readDataSource);
    reader.done();
    if (response && response.kind !== 'inline') scope.at('response').error('must be inline_string or inline_bytes');
    return Buffer.from(response?.kind === 'inline' ? response.text : '');
  },
  create: (response) => ({ kind: 'server', server: { kind: 'direct-response', response } }),
});
