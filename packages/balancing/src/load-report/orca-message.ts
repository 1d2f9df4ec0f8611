/** The bytes of an `OrcaLoadReport`, read as far as balancing wants to know. */
import type { Buffer } from 'node:buffer';

/** Who takes the numbers, by their names. */
export interface OrcaFields {
  set(name: string, value: number): void;
}

const doubles: Readonly<Record<number, string>> = {
  1: 'cpu_utilization',
  2: 'mem_utilization',
  6: 'rps_fractional',
  7: 'eps',
  9: 'application_utilization',
};

const maps: Readonly<Record<number, string>> = { 4: 'request_cost', 5: 'utilization', 8: 'named_metrics' };

/** False when the bytes are no message. */
export function readOrcaMessage(bytes: Buffer, fields: OrcaFields): boolean {
  return eachField(bytes, (number, value) => {
    const name = doubles[number];
    if (name !== undefined && typeof value === 'number') fields.set(name, value);
    const map = maps[number];
    return map === undefined || typeof value === 'number' || readEntry(value, map, fields);
  });
}

function readEntry(bytes: Buffer, map: string, fields: OrcaFields): boolean {
  let key = '';
  let entry = 0;
  const isRead = eachField(bytes, (number, value) => {
    if (number === 1 && typeof value !== 'number') key = value.toString('utf8');
    if (number === 2 && typeof value === 'number') entry = value;
    return true;
  });
  if (isRead) fields.set(`${map}.${key}`, entry);
  return isRead;
}

/** Calls with each field of 64 bits as a double and each of a length as its bytes; passes over others. */
function eachField(bytes: Buffer, onField: (number: number, value: number | Buffer) => boolean): boolean {
  let at = 0;
  while (at < bytes.length) {
    const tag = varintAt(bytes, at);
    if (!tag) return false;
    at = tag.end;
    switch (tag.value & 7) {
      case 0: {
        const skipped = varintAt(bytes, at);
        if (!skipped) return false;
        at = skipped.end;
        break;
      }
      case 1:
        if (at + 8 > bytes.length || !onField(tag.value >>> 3, bytes.readDoubleLE(at))) return false;
        at += 8;
        break;
      case 2: {
        const length = varintAt(bytes, at);
        if (!length || length.end + length.value > bytes.length) return false;
        at = length.end + length.value;
        if (!onField(tag.value >>> 3, bytes.subarray(length.end, at))) return false;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        return false;
    }
  }
  return at === bytes.length;
}

function varintAt(bytes: Buffer, start: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let at = start; at < bytes.length && at < start + 10; at += 1) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}
