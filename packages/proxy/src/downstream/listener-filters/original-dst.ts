/**
 * `envoy.filters.listener.original_dst`: where a redirected connection was going. Node cannot ask the system
 * (SO_ORIGINAL_DST), so it is what a PROXY header has said, or our end of the connection, which is right where packets are
 * redirected with their addresses (TPROXY) and the listener's own address where they are rewritten (REDIRECT).
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
    info.originalDestination ??= info.local;
    return 0;
  },
};
