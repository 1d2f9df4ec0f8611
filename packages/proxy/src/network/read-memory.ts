/**
 * The memory that connections read into: one piece that all of a network share, or one of a connection's own, which it asks for
 * to keep what comes beyond the call that it comes by.
 */
import { Buffer } from 'node:buffer';

/** Memory of one read, in bytes. 64 KiB: what libuv itself would ask for. */
export const readMemoryBytes = 65_536;

/** Overwrites lent memory when it goes back, so that whoever kept it is found out. Tests only. */
export const poison = 0xdb;

/** What a connection reads into from now on. @param wanted what it has read into so far */
export function chooseReadMemory(wanted: Buffer, shared: Buffer, isDedicated: boolean): Buffer {
  if (!isDedicated) return shared;
  return wanted === shared ? Buffer.allocUnsafeSlow(readMemoryBytes) : wanted;
}

/** Memory asked for between two reads is one read late, because the system asks for it after each: that read is moved. */
export function lendRead(memory: Buffer, bytes: number, wanted: Buffer, shared: Buffer): Buffer {
  if (memory !== shared || wanted === shared) return memory;
  memory.copy(wanted, 0, 0, bytes);
  return wanted;
}

/** Unless somebody else may still use it: a connection's own, paused or given away meanwhile. */
export function poisonAfterUse(lent: Buffer, bytes: number, wanted: Buffer, shared: Buffer, isPaused: boolean): void {
  const isLeftAlone = lent !== shared && (isPaused || lent !== wanted);
  if (!isLeftAlone) lent.fill(poison, 0, bytes);
}
