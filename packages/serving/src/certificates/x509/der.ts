/** The few forms of DER that certificates are written in. ITU-T X.690. */

const tags = { boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, null: 0x05, objectIdentifier: 0x06, utf8: 0x0c, utcTime: 0x17, generalizedTime: 0x18, sequence: 0x30, set: 0x31 } as const;

export function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(tags.sequence, ...parts);
}

export function set(...parts: readonly Buffer[]): Buffer {
  return tagged(tags.set, ...parts);
}

export function boolean(value: boolean): Buffer {
  return tagged(tags.boolean, Buffer.from([value ? 0xff : 0]));
}

/** @param bytes of a number that is not negative, the highest first */
export function integer(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Buffer.from([0]) : bytes.subarray(start);
  // A first bit of 1 would be a minus.
  return tagged(tags.integer, (digits[0] ?? 0) >= 0x80 ? Buffer.from([0]) : Buffer.alloc(0), digits);
}

/** @param unusedBits at the end of the last byte */
export function bitString(bytes: Buffer, unusedBits = 0): Buffer {
  return tagged(tags.bitString, Buffer.from([unusedBits]), bytes);
}

export function octetString(bytes: Buffer): Buffer {
  return tagged(tags.octetString, bytes);
}

export function nothing(): Buffer {
  return tagged(tags.null);
}

/** @param dotted `2.5.4.3` */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return tagged(tags.objectIdentifier, Buffer.from(bytes));
}

export function utf8(text: string): Buffer {
  return tagged(tags.utf8, Buffer.from(text));
}

/** To the second. Until 2049 with two digits for the year: RFC 5280 section 4.1.2.5. @param timeMs since 1970 */
export function time(timeMs: number): Buffer {
  const text = `${new Date(timeMs).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`;
  return text < '2050' ? tagged(tags.utcTime, Buffer.from(text.slice(2))) : tagged(tags.generalizedTime, Buffer.from(text));
}

/** A part of its own number, in place of or around what it holds. */
export function numbered(number: number, content: Buffer, isConstructed: boolean): Buffer {
  return tagged(0x80 + number + (isConstructed ? 0x20 : 0), content);
}

function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let left = length; left > 0; left >>>= 8) bytes.unshift(left & 0xff);
  return Buffer.from([0x80 + bytes.length, ...bytes]);
}

/** Where the element at `offset` begins its content, and where it ends. Undefined where there is none. */
export function elementAt(der: Buffer, offset: number): { readonly start: number; readonly end: number } | undefined {
  const first = der[offset + 1];
  if (first === undefined) return undefined;
  const digits = first < 0x80 ? 0 : first - 0x80;
  const start = offset + 2 + digits;
  const length = digits === 0 ? first : der.subarray(offset + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  return start + length > der.length ? undefined : { start, end: start + length };
}
