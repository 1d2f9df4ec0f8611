/** Makes one connection of two. */
import type { Socket } from 'node:net';

/**
 * What comes in at one goes out at the other, no faster than it is taken. An end is passed on in its direction only,
 * and a failure of either resets the other, so both peers see what they would see without anybody between them. Both sockets
 * must have been made with `allowHalfOpen`.
 */
export function joinSockets(one: Socket, other: Socket): void {
  carry(one, other);
  carry(other, one);
}

function carry(source: Socket, target: Socket): void {
  source.pipe(target);
  source.on('error', () => target.resetAndDestroy());
}
