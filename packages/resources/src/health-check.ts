/** `envoy.config.core.v3.HealthCheck`: hosts are asked how they are. */
import { readGrpcCheck, readHttpCheck, readTcpCheck, type GrpcCheck, type HttpCheck, type TcpCheck } from './health-check-kinds.ts';
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface HealthCheck {
  readonly question: HttpCheck | TcpCheck | GrpcCheck;
  readonly timeoutMs: number;
  readonly intervalMs: number;
  /** So many failures in a row and a host is ill. */
  readonly unhealthyThreshold: number;
  /** So many successes in a row and it is well again. */
  readonly healthyThreshold: number;
  /** While it is ill. Default `intervalMs`. */
  readonly unhealthyIntervalMs: number;
  /** After the first failures. Default `unhealthyIntervalMs`. */
  readonly unhealthyEdgeIntervalMs: number;
  /** After the first successes. Default `intervalMs`. */
  readonly healthyEdgeIntervalMs: number;
  /** While the cluster has never been used. Default 60 000, as Envoy. */
  readonly noTrafficIntervalMs: number;
  /** The same for hosts that are well. Default `noTrafficIntervalMs`. */
  readonly noTrafficHealthyIntervalMs: number;
  readonly initialJitterMs: number;
  readonly intervalJitterMs: number;
  readonly intervalJitterPercent: number;
  /** Failures are logged each time, and not only when they change something. */
  readonly alwaysLogsFailures: boolean;
  readonly alwaysLogsSuccesses: boolean;
  /** Checks over HTTP keep their connection. Default true. */
  readonly reusesConnection: boolean;
}

const defaultNoTrafficIntervalMs = 60_000;

export function readHealthCheck(json: unknown, scope: Scope): HealthCheck | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const question = readQuestion(reader);
  const intervalMs = requiredMs(reader, 'interval');
  const unhealthyIntervalMs = optionalMs(reader, 'unhealthy_interval', intervalMs);
  const noTrafficIntervalMs = optionalMs(reader, 'no_traffic_interval', defaultNoTrafficIntervalMs);
  const settings = {
    timeoutMs: requiredMs(reader, 'timeout'),
    intervalMs,
    unhealthyThreshold: requiredCount(reader, 'unhealthy_threshold'),
    healthyThreshold: requiredCount(reader, 'healthy_threshold'),
    unhealthyIntervalMs,
    unhealthyEdgeIntervalMs: optionalMs(reader, 'unhealthy_edge_interval', unhealthyIntervalMs),
    healthyEdgeIntervalMs: optionalMs(reader, 'healthy_edge_interval', intervalMs),
    noTrafficIntervalMs,
    noTrafficHealthyIntervalMs: optionalMs(reader, 'no_traffic_healthy_interval', noTrafficIntervalMs),
    initialJitterMs: reader.durationMs('initial_jitter', 0),
    intervalJitterMs: reader.durationMs('interval_jitter', 0),
    intervalJitterPercent: reader.uint32('interval_jitter_percent', 0),
    alwaysLogsFailures: reader.boolean('always_log_health_check_failures', false),
    alwaysLogsSuccesses: reader.boolean('always_log_health_check_success', false),
    reusesConnection: reader.boolean('reuse_connection', true),
  };
  // Events are lines of the proxy's log.
  reader.ignore(['event_log_path', 'event_logger', 'event_service']);
  reader.refuse(['alt_port', 'tls_options', 'transport_socket_match_criteria']);
  reader.done();
  return question && { question, ...settings };
}

function readQuestion(reader: MessageReader): HealthCheck['question'] | undefined {
  const kind = reader.oneof(['http_health_check', 'tcp_health_check', 'grpc_health_check', 'custom_health_check'], true);
  reader.refuse(['custom_health_check'], 'hosts are asked over HTTP, gRPC or TCP');
  switch (kind) {
    case 'http_health_check':
      return reader.read(kind, readHttpCheck);
    case 'grpc_health_check':
      return reader.read(kind, readGrpcCheck);
    case 'tcp_health_check':
      return reader.read(kind, readTcpCheck);
    default:
      return undefined;
  }
}

function requiredMs(reader: MessageReader, name: string): number {
  if (!reader.has(name)) reader.scope.at(name).error('is required');
  return optionalMs(reader, name, 1);
}

function optionalMs(reader: MessageReader, name: string, fallback: number): number {
  const value = reader.durationMs(name, fallback);
  if (value <= 0) reader.scope.at(name).error('must be more than 0');
  return value;
}

function requiredCount(reader: MessageReader, name: string): number {
  if (!reader.has(name)) reader.scope.at(name).error('is required');
  return reader.uint32(name, 1, { min: 1 });
}
