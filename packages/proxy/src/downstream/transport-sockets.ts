/** The transport sockets that filter chains may have, besides raw bytes, which need none. */
import type { TransportSocketFactory } from './transport-socket.ts';

export const transportSockets: readonly TransportSocketFactory[] = [];
