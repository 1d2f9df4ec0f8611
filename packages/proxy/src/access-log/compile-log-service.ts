/** Access logs that go to services, compiled. */
import { Buffer } from 'node:buffer';
import type { GrpcLogSink, OpenTelemetryLogSink } from '@sluice/resources';
import { operatorContextOf, type CompileEnvironment } from '../compile-environment.ts';
import { ProtoWriter } from '../grpc/proto-writer.ts';
import { compileFormat } from '../substitution/compile-format.ts';
import type { FormatSource, OperatorContext } from '../substitution/format-source.ts';
import type { LineWriter } from '../substitution/line-writer.ts';
import { compileTags } from '../tracing/compile-tracing.ts';
import { spanIdOf, traceIdOf } from '../tracing/trace-context.ts';
import type { LoggedStream } from './access-log-config.ts';
import type { LogService } from './log-service.ts';
import { encodeLogEntry } from './grpc-log-entry.ts';
import { compileLogEntries, compileLogValue, writeTextEntry, type CompileText } from './open-telemetry-log.ts';

/** How a log goes to its service: what of a stream is put down, and whereto. */
export interface CompiledLogService {
  readonly target: LogService;
  put(source: LoggedStream, line: LineWriter): void;
}

export type TellProblem = (path: string, message: string) => void;

/** `tell` hears of formats that are wrong, by paths within the typed config. */
export function compileLogService(sink: GrpcLogSink | OpenTelemetryLogSink, environment: CompileEnvironment, tell: TellProblem): CompiledLogService {
  return sink.kind === 'grpc' ? compileGrpcLog(sink, environment, tell) : compileOpenTelemetryLog(sink, environment, tell);
}

/** `StreamAccessLogsMessage`: who speaks, and the entries of either kind. */
function compileGrpcLog(sink: GrpcLogSink, environment: CompileEnvironment, tell: TellProblem): CompiledLogService {
  const { id, cluster } = environment.node;
  const identifier = new ProtoWriter().message(1, (who) => who.message(1, (node) => node.string(1, id).string(2, cluster)).string(2, sink.logName)).finish();
  const entriesField = sink.traffic === 'http' ? 2 : 3;
  const tags = compileTags(sink.customTags, operatorContextOf(environment), (path, message) => tell(`common_config.${path}`, message));
  return {
    target: {
      ...settingsOf(sink),
      method: '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs',
      counters: { prefix: 'envoy_access_logs_grpc_access_log', labels: {} },
      wrap: (entries) => Buffer.concat([identifier, new ProtoWriter().bytes(entriesField, entries).finish()]),
    },
    put: (source, line) => putEntry(line, entryField, encodeLogEntry(source, sink, tags)),
  };
}

/** Of `HTTPAccessLogEntries` and `TCPAccessLogEntries`. */
const entryField = 1;

const logRecord = { time: 1, body: 5, attributes: 6, traceId: 9, spanId: 10 } as const;
/** Of `ScopeLogs`. */
const recordField = 2;

/** `ExportLogsServiceRequest`: one resource, one scope, and records. */
function compileOpenTelemetryLog(sink: OpenTelemetryLogSink, environment: CompileEnvironment, tell: TellProblem): CompiledLogService {
  const context = operatorContextOf(environment);
  const texts = formatTexts(context, tell);
  const body = sink.body && compileLogValue(sink.body, 'body', texts);
  const attributes = compileLogEntries(sink.attributes, 'attributes', texts);
  const resource = resourceOf(sink, environment);
  const tags = compileTags(sink.customTags, context, (path, message) => tell(`common_config.${path}`, message));
  return {
    target: {
      ...settingsOf(sink),
      method: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
      counters: { prefix: 'envoy_access_logs_open_telemetry_access_log', labels: sink.statPrefix === '' ? {} : { envoy_access_log_prefix: sink.statPrefix } },
      wrap: (records) => new ProtoWriter().message(1, (logs) => logs.bytes(1, resource).bytes(2, records)).finish(),
    },
    put(source, line) {
      const writer = new ProtoWriter().nanos(logRecord.time, source.info.startWallTime);
      if (body) writer.message(logRecord.body, (value) => body(value, source));
      attributes(writer, logRecord.attributes, source);
      for (const key of sink.filterStateKeys) writeText(writer, key, source.info.filterState?.get(key));
      for (const { name, read } of tags) writeText(writer, name, read(source));
      writeTrace(writer, source);
      putEntry(line, recordField, writer.finish());
    },
  };
}

function formatTexts(context: OperatorContext, tell: TellProblem): CompileText<FormatSource> {
  return (text, path) => {
    const compiled = compileFormat(text, '-', context);
    if (!compiled.ok) tell(path, compiled.message);
    return compiled.ok ? compiled.format : () => '';
  };
}

function writeText(writer: ProtoWriter, key: string, text: string | undefined): void {
  if (text !== undefined) writeTextEntry(writer, logRecord.attributes, key, text);
}

/** Who writes the log: the node, unless that is not wanted, and what the configuration says. */
function resourceOf(sink: OpenTelemetryLogSink, environment: CompileEnvironment): Buffer {
  const writer = new ProtoWriter();
  const { id, cluster } = environment.node;
  if (sink.labels) for (const [key, text] of [['log_name', sink.logName], ['cluster_name', cluster], ['node_name', id]] as const) writeTextEntry(writer, 1, key, text);
  // The same for all streams: texts are no formats here.
  compileLogEntries<undefined>(sink.resourceAttributes, 'resource_attributes', (text) => () => text)(writer, 1, undefined);
  return writer.finish();
}

function writeTrace(writer: ProtoWriter, { info, request }: LoggedStream): void {
  const own = info.hasTrace ? request.get('traceparent') : undefined;
  if (own !== undefined) writer.bytes(logRecord.traceId, Buffer.from(traceIdOf(own), 'hex')).bytes(logRecord.spanId, Buffer.from(spanIdOf(own), 'hex'));
}

function settingsOf({ service, flushIntervalMs, bufferBytesMax }: GrpcLogSink | OpenTelemetryLogSink): Pick<LogService, 'service' | 'flushIntervalMs' | 'bufferBytesMax'> {
  return { service, flushIntervalMs, bufferBytesMax };
}

function putEntry(line: LineWriter, field: number, entry: Buffer): void {
  line.bytes(new ProtoWriter().bytes(field, entry).finish());
}
