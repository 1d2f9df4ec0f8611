/** The listener filters that every proxy has. */
import { httpInspectorFactory } from './http-inspector.ts';
import type { ListenerFilterFactory } from './listener-filter.ts';
import { originalDstFactory } from './original-dst.ts';
import { proxyProtocolFactory } from './proxy-protocol.ts';
import { tlsInspectorFactory } from './tls-inspector.ts';

export const standardListenerFilters: readonly ListenerFilterFactory[] = [
  tlsInspectorFactory,
  httpInspectorFactory,
  proxyProtocolFactory,
  originalDstFactory,
];
