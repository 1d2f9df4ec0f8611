/**
 * `SERVING_READINESS_PROBE`: how the program is to be asked whether it is ready, as Kubernetes writes a probe.
 * With several containers it is a list, and all must be ready.
 */
import { isFieldName, isFieldValue } from '@sluice/http';
import { problem, type Checked, type Problem } from '@sluice/kernel';

export interface ProgramProbe {
  readonly target: ProbeTarget;
  /** 0 asks eagerly, until it is ready; else each question is asked once, in the kubelet's rhythm. Seconds. */
  readonly periodSeconds: number;
  /** How long one question may take, where it is asked once. Seconds, at least 1. */
  readonly timeoutSeconds: number;
  /** Successes in a row that count as ready. At least 1. */
  readonly successThreshold: number;
}

export type ProbeTarget =
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'http'; readonly port: number; readonly isSecured: boolean; readonly path: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'grpc'; readonly port: number; readonly service: string };

/** An empty text means that there is no probe. */
export function parseProbes(text: string): Checked<readonly ProgramProbe[]> {
  if (text.trim() === '') return { ok: true, value: [], problems: [] };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (reason) {
    return { ok: false, problems: [problem('', `must be JSON: ${reason instanceof Error ? reason.message : String(reason)}`)] };
  }
  const problems: Problem[] = [];
  const list: readonly unknown[] = Array.isArray(json) ? json : [json];
  const probes = list.flatMap((value, index) => readProbe(value, Array.isArray(json) ? `[${index}]` : '', problems) ?? []);
  return problems.length === 0 ? { ok: true, value: probes, problems } : { ok: false, problems };
}

type Fields = Readonly<Record<string, unknown>>;

function readProbe(value: unknown, path: string, problems: Problem[]): ProgramProbe | undefined {
  if (!isObject(value)) {
    problems.push(problem(path, 'must be a probe'));
    return undefined;
  }
  const target = readTarget(value, path, problems);
  return (
    target && {
      target,
      periodSeconds: numberOf(value['periodSeconds']),
      timeoutSeconds: Math.max(1, numberOf(value['timeoutSeconds'])),
      successThreshold: Math.max(1, numberOf(value['successThreshold'])),
    }
  );
}

function readTarget({ httpGet, tcpSocket, grpc }: Fields, path: string, problems: Problem[]): ProbeTarget | undefined {
  if (isObject(httpGet)) {
    const port = readPort(httpGet, `${path}.httpGet.port`, problems);
    const headers = readHeaders(httpGet['httpHeaders'], `${path}.httpGet.httpHeaders`, problems);
    return port === undefined ? undefined : { kind: 'http', port, isSecured: String(httpGet['scheme'] ?? '').toUpperCase() === 'HTTPS', path: withLeadingSlash(httpGet['path']), headers };
  }
  if (isObject(tcpSocket)) {
    const port = readPort(tcpSocket, `${path}.tcpSocket.port`, problems);
    return port === undefined ? undefined : { kind: 'tcp', port };
  }
  if (isObject(grpc)) {
    const port = readPort(grpc, `${path}.grpc.port`, problems);
    return port === undefined ? undefined : { kind: 'grpc', port, service: String(grpc['service'] ?? '') };
  }
  problems.push(problem(path, 'must have httpGet, tcpSocket or grpc'));
  return undefined;
}

function readPort(fields: Fields, path: string, problems: Problem[]): number | undefined {
  const port = Number(fields['port']);
  if (Number.isInteger(port) && port > 0 && port <= 65_535) return port;
  problems.push(problem(path, `must be a port, but was ${JSON.stringify(fields['port'])}`));
  return undefined;
}

function readHeaders(value: unknown, path: string, problems: Problem[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [index, header] of (Array.isArray(value) ? value : []).entries()) {
    const name = isObject(header) ? String(header['name'] ?? '') : '';
    const text = isObject(header) ? String(header['value'] ?? '') : '';
    if (isFieldName(name.toLowerCase()) && isFieldValue(text)) headers[name] = text;
    else problems.push(problem(`${path}[${index}]`, `is not a header: ${JSON.stringify(header)}`));
  }
  return headers;
}

function withLeadingSlash(path: unknown): string {
  const text = typeof path === 'string' ? path : '';
  return `/${text.replace(/^\/+/, '')}`;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && value > 0 ? value : 0;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
