/**
 * IPv4 addresses bound by the handle itself. Node's own way asks the resolver for what is an address already, and then whether the
 * answer is of IPv6, by an expression that takes 6 ms to compile: a tenth of a proxy's start (`bench start`). Not documented, so it is used
 * where this Node has passed our tests, and whatever it cannot do is left to Node's own way.
 */
import type { Address } from '@sluice/kernel';

interface TcpHandle {
  /** Gives 0, or what went wrong as a negative number. */
  bind(host: string, port: number, flags: number): number;
  close(): void;
}

interface TcpWrap {
  readonly TCP: new (type: number) => TcpHandle;
  readonly constants: { readonly SERVER: number; readonly UV_TCP_REUSEPORT: number };
}

const looksLikeIpv4 = /^\d+\.\d+\.\d+\.\d+$/;

/** For `server.listen`. Undefined where Node's own way has to be gone. */
export function bindDirectly({ host, port, path }: Address, reusePort: boolean): object | undefined {
  if (path !== undefined || !looksLikeIpv4.test(host)) return undefined;
  const tcp = tcpWrap();
  if (!tcp) return undefined;
  const { TCP, constants } = tcp;
  const handle = new TCP(constants.SERVER);
  if (handle.bind(host, port, reusePort ? constants.UV_TCP_REUSEPORT : 0) === 0) return handle;
  handle.close();
  return undefined;
}

/** Whether this Node has what is needed. */
export function canBindDirectly(): boolean {
  return tcpWrap() !== undefined;
}

function tcpWrap(): TcpWrap | undefined {
  const { binding } = process as { readonly binding?: (name: string) => Partial<TcpWrap> };
  try {
    const { TCP, constants } = binding?.call(process, 'tcp_wrap') ?? {};
    return TCP && typeof constants?.UV_TCP_REUSEPORT === 'number' ? { TCP, constants } : undefined;
  } catch {
    return undefined;
  }
}
