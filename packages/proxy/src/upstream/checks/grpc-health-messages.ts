/** The two messages of `grpc.health.v1.Health/Check`, each in its frame: a byte that says uncompressed, four of length. */
import { Buffer } from 'node:buffer';

const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;

export type ServingStatus = (typeof servingStatuses)[number];

/** `HealthCheckRequest { string service = 1; }` */
export function writeHealthCheckRequest(service: string): Buffer {
  const name = Buffer.from(service, 'utf8');
  const message = name.length === 0 ? name : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
}

/** `HealthCheckResponse { ServingStatus status = 1; }`. Undefined when it cannot be read. */
export function readServingStatus(frame: Buffer): ServingStatus | undefined {
  if (frame.length < 5 || frame[0] !== 0) return undefined;
  const end = 5 + frame.readUInt32BE(1);
  if (end > frame.length) return undefined;
  let status = 0;
  let at = 5;
  while (at < end) {
    const tag = readVarint(frame, at, end);
    if (!tag) return undefined;
    const next = skipField(frame, tag.value & 7, tag.end, end);
    if (next === undefined) return undefined;
    if (tag.value === 0x08) status = readVarint(frame, tag.end, end)?.value ?? 0;
    at = next;
  }
  return servingStatuses[status];
}

/** Where the field ends whose value begins at `at`; undefined when it cannot be told. */
function skipField(bytes: Buffer, wireType: number, at: number, end: number): number | undefined {
  switch (wireType) {
    case 0:
      return readVarint(bytes, at, end)?.end;
    case 1:
      return at + 8 <= end ? at + 8 : undefined;
    case 2: {
      const length = readVarint(bytes, at, end);
      return length && length.end + length.value <= end ? length.end + length.value : undefined;
    }
    case 5:
      return at + 4 <= end ? at + 4 : undefined;
    default:
      return undefined;
  }
}

function readVarint(bytes: Buffer, start: number, end: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let at = start; at < end && at < start + 10; at += 1) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
