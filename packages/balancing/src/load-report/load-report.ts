/**
 * What a host says with a response of how busy it is: an ORCA report (`xds.data.orca.v3.OrcaLoadReport`), in any of the
 * forms in which it may come: text, JSON, or bytes in base64.
 * https://github.com/grpc/proposal/blob/master/A51-custom-backend-metrics.md
 */
import { Buffer } from 'node:buffer';
import { readOrcaMessage } from './orca-message.ts';

/** What is not said is 0. */
export interface LoadReport {
  /** What the application calls its utilization; more than 1 is over its capacity. */
  readonly applicationUtilization: number;
  readonly cpuUtilization: number;
  readonly memoryUtilization: number;
  readonly requestsPerSecond: number;
  readonly errorsPerSecond: number;
  /** By name: `utilization.x`, `named_metrics.x`, `request_cost.x`. */
  readonly named: ReadonlyMap<string, number>;
}

/** Names in one report; beyond, the rest is left out. Chosen: a report is a handful of numbers. */
const namedMax = 64;

export class LoadReportBuilder {
  readonly #fields = new Map<string, number>();

  /** By its name in the message, with its map's name before it: `cpu_utilization`, `named_metrics.x`. */
  set(name: string, value: number): void {
    if (this.#fields.size < namedMax && Number.isFinite(value) && value >= 0) this.#fields.set(name, value);
  }

  build(): LoadReport {
    const of = (name: string): number => this.#fields.get(name) ?? 0;
    return {
      applicationUtilization: of('application_utilization'),
      cpuUtilization: of('cpu_utilization'),
      memoryUtilization: of('mem_utilization'),
      requestsPerSecond: of('rps_fractional'),
      errorsPerSecond: of('eps'),
      named: this.#fields,
    };
  }
}

/** The value of `endpoint-load-metrics`. Undefined when it cannot be read. */
export function readLoadReport(value: string): LoadReport | undefined {
  const space = value.indexOf(' ');
  const body = value.slice(space + 1).trim();
  switch (value.slice(0, Math.max(space, 0))) {
    case 'TEXT':
      return readText(body);
    case 'JSON':
      return readJson(body);
    case 'BIN':
      return readBinaryLoadReport(body);
    default:
      return undefined;
  }
}

/** The value of `endpoint-load-metrics-bin`. */
export function readBinaryLoadReport(base64: string): LoadReport | undefined {
  return decodeLoadReport(Buffer.from(base64, 'base64'));
}

/** An `OrcaLoadReport` as it is on the wire. Undefined when the bytes are none. */
export function decodeLoadReport(bytes: Buffer): LoadReport | undefined {
  const builder = new LoadReportBuilder();
  return readOrcaMessage(bytes, builder) ? builder.build() : undefined;
}

/** `cpu_utilization=0.3, named_metrics.x=1` */
function readText(text: string): LoadReport | undefined {
  const builder = new LoadReportBuilder();
  for (const pair of text.split(',')) {
    const [name = '', number = ''] = pair.split('=', 2).map((part) => part.trim());
    if (name === '' || number === '') return undefined;
    builder.set(name, Number(number));
  }
  return builder.build();
}

function readJson(text: string): LoadReport | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  const builder = new LoadReportBuilder();
  for (const [key, value] of Object.entries(json)) {
    const name = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    if (typeof value === 'number') builder.set(name, value);
    if (typeof value !== 'object' || value === null) continue;
    for (const [inner, number] of Object.entries(value)) if (typeof number === 'number') builder.set(`${name}.${inner}`, number);
  }
  return builder.build();
}
