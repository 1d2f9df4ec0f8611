/**
 * Writes straight to a socket's handle instead of through its stream. What the stream adds (a queue, callbacks, a tick)
 * is what `OutputWriter` and the pump do already, and it costs a request on kept-alive connections about 6 % of all its
 * CPU time (`bench proxy`, two writes each).
 *
 * The handle is Node's own affair, and how it is called has changed before; `speaksDirectWrites` finds out how this Node
 * does it by watching its own stream write, so that a Node that does it otherwise is left alone.
 */
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { SocketHandle } from './stream-wrap.ts';

/** The handle of a connected socket. */
export type DirectHandle = Pick<SocketHandle, 'writeBuffer'>;

/** The handle when bytes may go straight to it: connected, and nothing waits in the stream. */
export function directHandleOf(socket: Socket): DirectHandle | undefined {
  if (socket.connecting || socket.writableLength > 0) return undefined;
  return (socket as Socket & { readonly _handle?: DirectHandle })._handle ?? undefined;
}

/** What a stream would have said of a failed write. */
export function writeFailure(status: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' });
}

/** Whether Node's own stream writes to this connected socket as `DirectHandle` says. Writes `bytes` to find out. */
export function speaksDirectWrites(socket: Socket, bytes: Uint8Array): boolean {
  const handle = (socket as Socket & { _handle?: DirectHandle & { writeBuffer?: DirectHandle['writeBuffer'] } })._handle;
  if (!handle || typeof handle.writeBuffer !== 'function') return false;
  const { writeBuffer } = handle;
  let isSpoken = false;
  handle.writeBuffer = (request, data) => {
    const answer = writeBuffer.call(handle, request, data);
    isSpoken = request === null && (typeof answer === 'number' || typeof answer === 'object');
    return answer;
  };
  socket.write(bytes);
  handle.writeBuffer = writeBuffer;
  return isSpoken;
}
