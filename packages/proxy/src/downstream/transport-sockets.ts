/** The transport sockets that filter chains may have, besides raw bytes, which need none. */
import { downstreamTlsSocketFactory } from '../tls/downstream-tls-socket.ts';
import type { TransportSocketFactory } from './transport-socket.ts';

export const transportSockets: readonly TransportSocketFactory[] = [downstreamTlsSocketFactory];
