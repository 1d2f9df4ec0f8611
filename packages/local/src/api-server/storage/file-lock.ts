/** Keeps a second process away from a file that one process must have to itself. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { MeshError } from '@sluice/kernel';

export interface FileLock {
  release(): void;
}

/**
 * Takes the lock `<path>.lock`, which holds the owner's process id. A lock whose process has gone is taken
 * over, as after a crash.
 * @throws Error that names the owner and the file
 */
export function lockFile(path: string): FileLock {
  const lock = `${path}.lock`;
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if (!isExisting(error)) throw error;
    const owner = Number(readFileSync(lock, 'utf8'));
    if (owner !== process.pid && isRunning(owner)) {
      throw new MeshError('file-locked', `open ${path}: process ${owner} has it open; if that is another program, remove ${lock}`, { cause: error });
    }
    writeFileSync(lock, String(process.pid));
  }
  return { release: () => rmSync(lock, { force: true }) };
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

/** Also true for a process of another user, which may not be asked. */
function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
