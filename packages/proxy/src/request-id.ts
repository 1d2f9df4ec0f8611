/**
 * `x-request-id`: a version 4 UUID (RFC 9562 5.4) from the proxy's own generator. It identifies, it protects
 * nothing. The digits are written straight into the field's line, which is the same memory for every request: it is
 * copied into the head at once.
 */
import { createHeaderLine, Known, type HeaderLine, type RequestHead } from '@sluice/http';
import type { Random } from '@sluice/kernel';

const hexDigits = [...'0123456789abcdef'].map((digit) => digit.charCodeAt(0));
const blank = '00000000-0000-0000-0000-000000000000';

/** Where the digits of each 32 bits of randomness stand in the UUID: dashes lie between. */
const digitPlaces = [
  [0, 1, 2, 3, 4, 5, 6, 7],
  [9, 10, 11, 12, 14, 15, 16, 17],
  [19, 20, 21, 22, 24, 25, 26, 27],
  [28, 29, 30, 31, 32, 33, 34, 35],
] as const;

export class RequestIds {
  readonly #random: Random;
  readonly #line: HeaderLine = createHeaderLine('x-request-id', blank);
  readonly #start = 'x-request-id: '.length;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A line with a new identifier. Valid until the next call. */
  nextLine(): HeaderLine {
    const { bytes } = this.#line;
    const start = this.#start;
    for (let word = 0; word < digitPlaces.length; word += 1) {
      const places = digitPlaces[word] as readonly number[];
      let bits = (this.#random.next() * 0x1_0000_0000) >>> 0;
      for (let digit = 0; digit < 8; digit += 1) {
        bytes[start + (places[digit] as number)] = hexDigits[bits & 15] as number;
        bits >>>= 4;
      }
    }
    bytes[start + reasonAt] = versionDigit;
    // Two bits of the variant, two of randomness.
    bytes[start + 19] = hexDigits[8 | ((bytes[start + 19] as number) & 3)] as number;
    return this.#line;
  }
}

const versionDigit = '4'.charCodeAt(0);

/**
 * Where Envoy keeps why a request is traced: the digit that says the version, `4` for one that is not traced. Identifiers
 * of another shape say nothing.
 */
const reasonAt = 14;
const tracedReasons = '9ab';
const reasons = { '9': 'sampled', a: 'service-forced', b: 'client-forced' } as const;
const digits = { sampled: '9', 'service-forced': 'a', 'client-forced': 'b' } as const;

/** Whether whoever made or changed this identifier wants the request traced (`9` sampled, `a` and `b` forced). */
export function isTraced(requestId: string | undefined): boolean {
  return requestId?.length === blank.length && tracedReasons.includes(requestId.charAt(reasonAt));
}

/** The identifier without a reason to trace: a client outside may name its request, but not have it traced. */
export function withoutTraceReason(requestId: string): string {
  if (!isTraced(requestId)) return requestId;
  return `${requestId.slice(0, reasonAt)}4${requestId.slice(reasonAt + 1)}`;
}

/** What the identifier of a request says. Identifiers that say nothing, most of all, do not become a string for it. */
export function traceReasonIn(head: RequestHead): 'none' | keyof typeof digits {
  const digit = String.fromCharCode(head.valueByte(Known.requestId, reasonAt));
  if (!tracedReasons.includes(digit) || !isTraced(head.get('x-request-id'))) return 'none';
  return reasons[digit as keyof typeof reasons];
}

/** The number that the first eight digits are; undefined where the identifier does not begin with them. */
export function identifierNumber(head: RequestHead): number | undefined {
  let number = 0;
  for (let index = 0; index < 8; index += 1) {
    const digit = digitOf(head.valueByte(Known.requestId, index));
    if (digit < 0) return undefined;
    number = number * 16 + digit;
  }
  return number;
}

/** -1 for what is no hexadecimal digit. */
function digitOf(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = (code | 32) - 87;
  return letter >= 10 && letter <= 15 ? letter : -1;
}

/** The identifier with a reason in it, where it has the shape for one. */
export function withTraceReason(requestId: string, reason: keyof typeof digits): string {
  if (requestId.length !== blank.length || (requestId.charAt(reasonAt) !== '4' && !isTraced(requestId))) return requestId;
  return `${requestId.slice(0, reasonAt)}${digits[reason]}${requestId.slice(reasonAt + 1)}`;
}
