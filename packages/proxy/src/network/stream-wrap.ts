/**
 * What Node's own streams are made of, as far as a connection needs it to do without one: where the number of bytes read is
 * told, and the request for the end of writing. Both are Node's own affair and may go away; then this is undefined and
 * connections stand on Node's streams.
 */

/** A request to say that nothing more will be written. */
export interface ShutdownRequest {
  oncomplete: (status: number) => void;
  handle: SocketHandle;
}

export interface StreamWrap {
  /** At `readResultAt`: bytes that a read brought, or a negative error number. Written before `onread` is called. */
  readonly streamBaseState: Int32Array;
  readonly readResultAt: number;
  readonly ShutdownWrap: new () => ShutdownRequest;
}

/** A write that the system has not taken completely. */
export interface PendingWrite {
  handle: Pick<SocketHandle, 'writeBuffer'>;
  oncomplete: (status: number) => void;
  async: boolean;
  /** Holds the memory until the system has taken it. */
  buffer: Uint8Array;
  /** Set when it was over before anybody could ask to be told. */
  writeStatus?: number | null;
}

/** The handle of a connected socket of TCP; one of a Unix socket lacks what is optional. Numbers are 0 or a negative error number. */
export interface SocketHandle {
  /** Called with itself as `this` for each read; gives memory for the next, or undefined to go on with what it has. */
  onread: (this: SocketHandle) => Uint8Array | undefined;
  /** Ours: who reads from it. */
  reader?: HandleReader | undefined;
  reading: boolean;
  /** The system's number of it. */
  readonly fd?: number;
  useUserBuffer(memory: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  /** Gives 0 when the system took all bytes, a negative error number, or the write that is under way. */
  writeBuffer(request: null, bytes: Uint8Array): number | PendingWrite;
  /** 1: it was over at once, and nobody is told. */
  shutdown(request: ShutdownRequest): number;
  close(done?: () => void): void;
  reset?(done: () => void): number;
  getpeername?(out: SocketName): number;
  getsockname?(out: SocketName): number;
  readonly setNoDelay?: (on: boolean) => void;
  readonly setKeepAlive?: (on: boolean, initialDelaySeconds: number) => void;
}

export interface HandleReader {
  onRead(): Uint8Array | undefined;
}

export interface SocketName {
  address: string;
  family: string;
  port: number;
}

interface Binding {
  readonly streamBaseState?: unknown;
  readonly kReadBytesOrError?: unknown;
  readonly ShutdownWrap?: unknown;
}

/** Undefined where this Node does not show it, or shows something else. */
export function findStreamWrap(): StreamWrap | undefined {
  try {
    const { binding } = process as { readonly binding?: (name: string) => Binding };
    const { streamBaseState, kReadBytesOrError, ShutdownWrap } = binding?.call(process, 'stream_wrap') ?? {};
    if (!(streamBaseState instanceof Int32Array) || typeof kReadBytesOrError !== 'number' || typeof ShutdownWrap !== 'function') return undefined;
    return { streamBaseState, readResultAt: kReadBytesOrError, ShutdownWrap: ShutdownWrap as StreamWrap['ShutdownWrap'] };
  } catch {
    return undefined;
  }
}
