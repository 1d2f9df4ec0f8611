/**
 * `envoy.filters.listener.original_dst`: where a redirected connection was going. That is what a PROXY header has said; what the system remembers
 * where packets are rewritten on their way (REDIRECT; `network/original-destination.ts`); or our end of the connection, which is
 * right where they come with their addresses (TPROXY).
 */
import type { ConnectionInfo } from '../connection-info.ts';
import { MessageReader } from '@sluice/resources';
import { defineListenerFilter, type ListenerFilter } from './listener-filter.ts';

export const originalDstTypeName = 'envoy.extensions.filters.listener.original_dst.v3.OriginalDst';

export const originalDstFactory = defineListenerFilter<object>({
  typeName: originalDstTypeName,
  read(json, scope) {
    const reader = MessageReader.open(json, scope);
    reader?.done();
    return reader && {};
  },
  create: () => originalDst,
});

const originalDst: ListenerFilter = {
  bytesMax: 0,
  inspect(_bytes, info: ConnectionInfo) {
    if (info.originalDestination) return 0;
    const redirected = info.connection.originalDestination;
    info.originalDestination = redirected ?? info.local;
    // As Envoy restores it: chains are chosen by where the client wanted to go.
    if (redirected) info.local = redirected;
    return 0;
  },
};
