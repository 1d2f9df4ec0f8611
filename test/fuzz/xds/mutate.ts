/** Good messages made poor in a few places: bytes of the wire, and values of the JSON. */
import { Buffer } from 'node:buffer';
import { randomInt, type Random } from '@sluice/kernel';
import { isJsonObject, type JsonObject, type JsonValue } from '@sluice/xds';
import { pick } from './random-json.ts';

/** Varints at their ends, tags of every framing, groups, lengths beyond what is there, text that is no UTF-8. */
const pieces: readonly Buffer[] = [
  '00', '01', '0a00', '0a01', '0aff', '0b', '0c', '0b0c', '1207', 'ff', '80', '8000', '80808080808080808001', 'ffffffffffffffffff01', 'ffffffff0f', 'fa7f0100', '0d00000000', '0900000000000000f07f', '0a02c328', '0a01ff', 'f8ffffff7f01', '08ffffffffffffffffff01', '120208011200', '1a001a00',
].map((hex) => Buffer.from(hex, 'hex'));

export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  let changed = bytes;
  for (let changes = 1 + randomInt(random, 3); changes > 0; changes -= 1) changed = changeBytes(changed, random);
  return changed;
}

function changeBytes(bytes: Buffer, random: Random): Buffer {
  const at = randomInt(random, bytes.length + 1);
  const length = 1 + randomInt(random, 6);
  switch (randomInt(random, 6)) {
    case 0:
      return Buffer.concat([bytes.subarray(0, at), pick(pieces, random), bytes.subarray(at)]);
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes, bytes.subarray(at)]);
    case 4:
      // A whole field again: singular messages are taken together, and of scalars the last counts.
      return Buffer.concat([bytes, bytes]);
    default: {
      const copy = Buffer.from(bytes);
      if (at < copy.length) copy[at] = randomInt(random, 256);
      return copy;
    }
  }
}

const oddValues: readonly JsonValue[] = [
  null, true, false, 0, -0, 1, -1, 1.5, 1e3, 4294967296, 2147483648, 1e300, '', '0', '1', '-1', '1.0', '1e3', ' 1', '0x1', 'NaN', 'Infinity', '1s', '1.5', '1.0000000001s', '+1s', '-0s', '.5s', 'AA', 'A', 'AA=', '_-8', 'true', '\ud800', '2026-13-01T00:00:00Z', '2026-01-31t12:00:00z', '0000-01-01T00:00:00Z', [], [null], [1], {}, { a: null },
  { '@type': 'type.googleapis.com/google.protobuf.Empty' }, { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '1s' },
];

/** One or two of its values are others, or gone, or under another name. */
export function mutateJson(json: JsonObject, random: Random): JsonObject {
  let changed: JsonValue = json;
  for (let changes = 1 + randomInt(random, 2); changes > 0; changes -= 1) changed = changeJson(changed, random);
  return isJsonObject(changed) ? changed : json;
}

function changeJson(json: JsonValue, random: Random, depth = 0): JsonValue {
  const entries = isJsonObject(json) ? Object.entries(json) : Array.isArray(json) ? (json as readonly JsonValue[]).map((value, index) => [String(index), value] as const) : [];
  if (entries.length === 0 || (depth > 0 && randomInt(random, 4) === 0)) return depth === 0 ? json : pick(oddValues, random);
  const at = randomInt(random, entries.length);
  const changed = entries.map(([key, value], index) => [key, index === at ? changeJson(value, random, depth + 1) : value] as const);
  if (Array.isArray(json)) return changed.map(([, value]) => value);
  if (randomInt(random, 12) === 0) changed[at] = [`${changed[at]?.[0] ?? ''}x`, null];
  return Object.fromEntries(changed);
}
