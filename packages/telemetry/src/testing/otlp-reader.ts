/** What of an `ExportMetricsServiceRequest` tests ask about. https://github.com/open-telemetry/opentelemetry-proto */
import { Buffer } from 'node:buffer';

export interface CollectedMetrics {
  readonly resource: Readonly<Record<string, string>>;
  readonly metrics: readonly CollectedMetric[];
}

export interface CollectedMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  /** Of sums. */
  readonly isMonotonic: boolean;
  readonly points: readonly CollectedPoint[];
}

export interface CollectedPoint {
  readonly attributes: Readonly<Record<string, string>>;
  /** Of a histogram, its sum. */
  readonly value: number;
  readonly count?: number;
  readonly buckets?: readonly number[];
  readonly bounds?: readonly number[];
}

export function readMetrics(bytes: Buffer): CollectedMetrics {
  const resource = read(bytes, 1).flatMap((one) => read(one, 1));
  const metrics = read(bytes, 1).flatMap((one) => read(one, 2)).flatMap((scope) => read(scope, 2));
  return { resource: attributesOf(resource.flatMap((one) => read(one, 1))), metrics: metrics.map(readMetric) };
}

function readMetric(bytes: Buffer): CollectedMetric {
  const [gauge] = read(bytes, 5);
  const [sum] = read(bytes, 7);
  const [histogram] = read(bytes, 9);
  const common = { name: textOf(bytes, 1), unit: textOf(bytes, 3), isMonotonic: sum !== undefined && fieldsOf(sum).some(({ field, value }) => field === 3 && value === 1n) };
  if (histogram) return { ...common, kind: 'histogram', points: read(histogram, 1).map(readHistogram) };
  return { ...common, kind: gauge ? 'gauge' : 'sum', points: read(gauge ?? sum ?? Buffer.alloc(0), 1).map((point) => ({ attributes: attributesOf(read(point, 7)), value: doubleOf(point, 4) })) };
}

function readHistogram(bytes: Buffer): CollectedPoint {
  const [counts = Buffer.alloc(0)] = read(bytes, 6);
  const [bounds = Buffer.alloc(0)] = read(bytes, 7);
  const words = (packed: Buffer) => Array.from({ length: packed.length / 8 }, (_, index) => packed.subarray(index * 8, index * 8 + 8));
  return {
    attributes: attributesOf(read(bytes, 9)),
    value: doubleOf(bytes, 5),
    count: Number(fixedOf(bytes, 4).readBigUInt64LE()),
    buckets: words(counts).map((word) => Number(word.readBigUInt64LE())),
    bounds: words(bounds).map((word) => word.readDoubleLE()),
  };
}

function attributesOf(pairs: readonly Buffer[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => [textOf(pair, 1), textOf(read(pair, 2)[0] ?? Buffer.alloc(0), 1)]));
}

function textOf(bytes: Buffer, field: number): string {
  return read(bytes, field)[0]?.toString('utf8') ?? '';
}

function doubleOf(bytes: Buffer, field: number): number {
  return fixedOf(bytes, field).readDoubleLE();
}

function fixedOf(bytes: Buffer, wanted: number): Buffer {
  const found = fieldsOf(bytes).find(({ field }) => field === wanted)?.value;
  return Buffer.isBuffer(found) ? found : Buffer.alloc(8);
}

/** All fields of this number that have a length: texts and messages. */
function read(bytes: Buffer, wanted: number): Buffer[] {
  return fieldsOf(bytes).flatMap(({ field, value }) => (field === wanted && Buffer.isBuffer(value) ? [value] : []));
}

interface Field {
  readonly field: number;
  readonly value: bigint | Buffer;
}

function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at] ?? 0;
      at += 1;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const tag = Number(varint());
    const type = tag & 7;
    const value = type === 0 ? varint() : take(type === 1 ? 8 : type === 5 ? 4 : Number(varint()));
    fields.push({ field: tag >>> 3, value });
  }
  return fields;
}
