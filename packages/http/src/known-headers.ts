/**
 * The few field names that the proxy itself acts upon. The parser recognises them while it checks the name,
 * so that later questions such as "is there an Expect?" are one test of a bit and not a search.
 */

/** A bit for each known name. A head keeps the union of what it holds in `known`. */
export const Known = {
  host: 1 << 0,
  connection: 1 << 1,
  contentLength: 1 << 2,
  transferEncoding: 1 << 3,
  keepAlive: 1 << 4,
  proxyConnection: 1 << 5,
  te: 1 << 6,
  upgrade: 1 << 7,
  trailer: 1 << 8,
  expect: 1 << 9,
  forwardedFor: 1 << 10,
  forwardedProto: 1 << 11,
  requestId: 1 << 12,
  date: 1 << 13,
  server: 1 << 14,
  via: 1 << 15,
  contentType: 1 << 16,
  http2Settings: 1 << 17,
  /** Any name that begins with `x-envoy-`: which of them, only who must clean them asks. */
  envoy: 1 << 18,
  /** Besides `envoy`: `x-envoy-` and one of `h`, `m`, `r`, `u`, which is how those begin that tell a router what to do. */
  envoyDemand: 1 << 19,
  /** `x-forwarded-client-cert` */
  clientCert: 1 << 20,
  traceParent: 1 << 21,
  traceState: 1 << 22,
  clientTraceId: 1 << 23,
  /** Any name that begins with `k-` or `knative-`, which is how Knative's components talk to each other: of nearly all requests, none. */
  knative: 1 << 24,
} as const;

/** Bits that stand for a group of names: those are told apart by name. */
export const knownGroups = Known.envoy | Known.envoyDemand | Known.knative;

const names: readonly (readonly [string, number])[] = [
  ['host', Known.host],
  ['connection', Known.connection],
  ['content-length', Known.contentLength],
  ['transfer-encoding', Known.transferEncoding],
  ['keep-alive', Known.keepAlive],
  ['proxy-connection', Known.proxyConnection],
  ['te', Known.te],
  ['upgrade', Known.upgrade],
  ['trailer', Known.trailer],
  ['expect', Known.expect],
  ['x-forwarded-for', Known.forwardedFor],
  ['x-forwarded-proto', Known.forwardedProto],
  ['x-request-id', Known.requestId],
  ['x-forwarded-client-cert', Known.clientCert],
  ['date', Known.date],
  ['server', Known.server],
  ['via', Known.via],
  ['content-type', Known.contentType],
  ['http2-settings', Known.http2Settings],
  ['traceparent', Known.traceParent],
  ['tracestate', Known.traceState],
  ['x-client-trace-id', Known.clientTraceId],
];

/** The bit of a lower-case name, 0 when it is none of them. */
export function knownBit(lowerName: string): number {
  const bit = bitByName.get(lowerName);
  if (bit !== undefined) return bit;
  const { length } = lowerName;
  if ((length > 2 && lowerName.startsWith('k-')) || (length > 8 && lowerName.startsWith('knative-'))) return Known.knative;
  return length > 8 && lowerName.startsWith('x-envoy-') ? envoyBits(lowerName.charCodeAt(8)) : 0;
}

const bitByName = new Map(names);

interface Candidate {
  readonly codes: readonly number[];
  readonly bit: number;
}

const codesOf = (text: string): readonly number[] => [...text].map((letter) => letter.charCodeAt(0));

/** Candidates by length of the name: at most three share one. */
const candidatesByLength: (readonly Candidate[])[] = Array.from({ length: 24 }, (_, length) =>
  names
    .filter(([name]) => name.length === length)
    .map(([name, bit]) => ({ codes: codesOf(name), bit })),
);

const envoyPrefix = codesOf('x-envoy-');
const knativePrefixes = [codesOf('k-'), codesOf('knative-')] as const;
const letterK = 0x6b;

/** The same for a name that stands in `bytes` from `start` to `end`, in any letter case. */
export function knownBitOfBytes(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  const candidates = candidatesByLength[length];
  if (candidates) {
    for (let index = 0; index < candidates.length; index += 1) {
      const candidate = candidates[index] as Candidate;
      if (equalsFolded(bytes, start, candidate.codes)) return candidate.bit;
    }
  }
  if (length > 2 && ((bytes[start] as number) | 0x20) === letterK) return isOfKnative(bytes, start, length) ? Known.knative : 0;
  return length > 8 && equalsFolded(bytes, start, envoyPrefix) ? envoyBits((bytes[start + 8] as number) | 0x20) : 0;
}

function isOfKnative(bytes: Uint8Array, start: number, length: number): boolean {
  return equalsFolded(bytes, start, knativePrefixes[0]) || (length > 8 && equalsFolded(bytes, start, knativePrefixes[1]));
}

/** By the letter behind `x-envoy-`: hedge-on-per-try-timeout, max-retries, retry-on and retriable-…, upstream-rq-…. */
function envoyBits(letter: number): number {
  return letter === 0x68 || letter === 0x6d || letter === 0x72 || letter === 0x75 ? Known.envoy | Known.envoyDemand : Known.envoy;
}

/** Letters differ between the cases by one bit, and no other byte of a field name maps onto a letter that way. */
function equalsFolded(bytes: Uint8Array, start: number, codes: readonly number[]): boolean {
  for (let index = 0; index < codes.length; index += 1) {
    const byte = bytes[start + index] as number;
    const code = codes[index] as number;
    if (byte !== code && (byte | 0x20) !== code) return false;
    if (byte !== code && (code < 0x61 || code > 0x7a)) return false;
  }
  return true;
}
