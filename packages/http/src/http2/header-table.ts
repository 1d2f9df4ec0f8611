/** The tables of HPACK (RFC 7541 2.3): 61 fields that everybody knows, and behind them the newest fields of one connection. */
import { Buffer } from 'node:buffer';
import { firstPseudoKind, isGoodValue, kindOfName, knownOfName } from './field-kind.ts';

/** One field as the decoder needs it when it is named again: checked, and as a line that a head can take over. */
export interface TableField {
  /** Name, colon, space, value, CRLF. */
  readonly line: Buffer;
  readonly nameBytes: number;
  readonly kind: number;
  readonly known: number;
  readonly hasGoodValue: boolean;
  /** The value as text, for pseudo fields. */
  readonly text: string;
  /** As the standard counts it: 32 bytes more than it has. */
  readonly size: number;
}

/** What a field costs beyond its bytes (RFC 7541 4.1). */
export const fieldOverheadBytes = 32;

/** Colon, space, CR, LF. */
const lineFramingBytes = 4;

/** Makes a field of what stands in `bytes`; its bytes are copied. */
export function createTableField(bytes: Uint8Array, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): TableField {
  const nameBytes = nameEnd - nameStart;
  const line = Buffer.allocUnsafeSlow(nameBytes + valueEnd - valueStart + lineFramingBytes);
  line.set(bytes.subarray(nameStart, nameEnd));
  line[nameBytes] = 0x3a;
  line[nameBytes + 1] = 0x20;
  line.set(bytes.subarray(valueStart, valueEnd), nameBytes + 2);
  line[line.length - 2] = 0x0d;
  line[line.length - 1] = 0x0a;
  const known = knownOfName(line, 0, nameBytes);
  const kind = kindOfName(line, 0, nameBytes, known);
  return {
    line,
    nameBytes,
    known,
    kind,
    hasGoodValue: isGoodValue(line, nameBytes + 2, line.length - 2),
    text: kind < firstPseudoKind ? '' : line.toString('latin1', nameBytes + 2, line.length - 2),
    size: line.length - lineFramingBytes + fieldOverheadBytes,
  };
}

/* oxfmt-ignore: as the standard numbers them, from 1 */
const staticNamesAndValues: readonly (readonly [string, string])[] = [
  [':authority', ''], [':method', 'GET'], [':method', 'POST'], [':path', '/'], [':path', '/index.html'], [':scheme', 'http'], [':scheme', 'https'],
  [':status', '200'], [':status', '204'], [':status', '206'], [':status', '304'], [':status', '400'], [':status', '404'], [':status', '500'],
  ['accept-charset', ''], ['accept-encoding', 'gzip, deflate'], ['accept-language', ''], ['accept-ranges', ''], ['accept', ''],
  ['access-control-allow-origin', ''], ['age', ''], ['allow', ''], ['authorization', ''], ['cache-control', ''], ['content-disposition', ''],
  ['content-encoding', ''], ['content-language', ''], ['content-length', ''], ['content-location', ''], ['content-range', ''], ['content-type', ''],
  ['cookie', ''], ['date', ''], ['etag', ''], ['expect', ''], ['expires', ''], ['from', ''], ['host', ''], ['if-match', ''], ['if-modified-since', ''],
  ['if-none-match', ''], ['if-range', ''], ['if-unmodified-since', ''], ['last-modified', ''], ['link', ''], ['location', ''], ['max-forwards', ''],
  ['proxy-authenticate', ''], ['proxy-authorization', ''], ['range', ''], ['referer', ''], ['refresh', ''], ['retry-after', ''], ['server', ''],
  ['set-cookie', ''], ['strict-transport-security', ''], ['transfer-encoding', ''], ['user-agent', ''], ['vary', ''], ['via', ''], ['www-authenticate', ''],
];

let madeStaticFields: readonly TableField[] | undefined;

/** By index from 1; what stands at 0 is never asked for. Made for the first connection: many a proxy never has one. */
export function staticFields(): readonly TableField[] {
  return (madeStaticFields ??= [['', ''] as const, ...staticNamesAndValues].map(([name, value]) => {
    const bytes = Buffer.from(name + value, 'latin1');
    return createTableField(bytes, 0, name.length, name.length, bytes.length);
  }));
}

export const staticFieldsMax: number = staticNamesAndValues.length;

/** What a table may hold before SETTINGS say otherwise (RFC 9113 6.5.2). */
const defaultBytesMax = 4096;

export class HeaderTable {
  readonly #static = staticFields();
  /** What the owner of this table allows its peer. */
  #bytesAllowed: number;
  /** What the peer has said that it uses. */
  #bytesMax = defaultBytesMax;
  #bytes = 0;
  /** Oldest first, from `#first` on; the newest is the last. */
  #fields: (TableField | undefined)[] = [];
  #first = 0;

  constructor(bytesAllowed: number) {
    // The peer may use what is usual until it has heard that it may not.
    this.#bytesAllowed = Math.max(bytesAllowed, defaultBytesMax);
  }

  /** Fields beyond the static ones. */
  get count(): number {
    return this.#fields.length - this.#first;
  }

  /** As the standard counts them. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The peer has been told to use less, and has not said yet that it does. */
  get isTooLarge(): boolean {
    return this.#bytesMax > this.#bytesAllowed;
  }

  /** From now on the peer knows what it may use. */
  allow(bytesAllowed: number): void {
    this.#bytesAllowed = bytesAllowed;
  }

  /** Undefined for an index that names nothing. */
  at(index: number): TableField | undefined {
    if (index <= staticFieldsMax) return index === 0 ? undefined : this.#static[index];
    const at = this.#fields.length + staticFieldsMax - index;
    return at < this.#first ? undefined : this.#fields[at];
  }

  /** One that is larger than the whole table empties it (RFC 7541 4.4). */
  add(field: TableField): void {
    this.#evict(this.#bytesMax - field.size);
    if (field.size > this.#bytesMax) return;
    this.#fields.push(field);
    this.#bytes += field.size;
  }

  /** False when it is more than was allowed. */
  resize(bytesMax: number): boolean {
    if (bytesMax > this.#bytesAllowed) return false;
    this.#bytesMax = bytesMax;
    this.#evict(bytesMax);
    return true;
  }

  #evict(bytesLeft: number): void {
    while (this.#bytes > bytesLeft && this.#first < this.#fields.length) {
      this.#bytes -= this.#fields[this.#first]?.size ?? 0;
      this.#fields[this.#first] = undefined;
      this.#first += 1;
    }
    // Places that are empty are given up from time to time, so that this costs less than what came in between.
    if (this.#first < 64 || this.#first * 2 < this.#fields.length) return;
    this.#fields = this.#fields.slice(this.#first);
    this.#first = 0;
  }
}
