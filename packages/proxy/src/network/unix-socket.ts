/** Unix sockets: their names, the files they leave behind, and who may open them. */
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { MeshError, type Address } from '@sluice/kernel';

/** What Node listens and connects to. `@name` is an abstract socket, which has no file, as in Envoy. */
export function socketTarget({ host, port, path }: Address): { readonly host: string; readonly port: number } | { readonly path: string } {
  if (path === undefined) return { host, port };
  return { path: path.startsWith('@') ? `\0${path.slice(1)}` : path };
}

/**
 * Takes away the file of a socket on which nobody listens any more: a process that was killed leaves it behind.
 * @throws MeshError when somebody listens, or when the file is no socket
 */
export async function removeStaleSocket(path: string): Promise<void> {
  if (path.startsWith('@')) return;
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) throw new MeshError('listen-failed', `listen on ${path}: there is a file that is no socket`);
  if (await isAnswered(path)) throw new MeshError('listen-failed', `listen on ${path}: somebody listens there (EADDRINUSE)`);
  await unlink(path);
}

/** @throws MeshError when the file cannot be changed */
export async function setSocketMode({ path = '', mode }: Address): Promise<void> {
  if (mode === undefined || path === '' || path.startsWith('@')) return;
  try {
    await chmod(path, mode);
  } catch (error) {
    throw new MeshError('listen-failed', `set the mode of ${path}: ${(error as Error).message}`, { cause: error });
  }
}

function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ path });
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
