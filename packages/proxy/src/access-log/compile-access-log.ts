/** Access logs, compiled: for each log where its lines go, which streams it is for, and the function that makes a line. */
import type { AccessLog, LogFormat } from '@sluice/resources';
import { operatorContextOf, type CompileEnvironment } from '../compile-environment.ts';
import type { AccessLogConfig } from '../proxy-config.ts';
import type { LineWriter } from '../substitution/line-writer.ts';
import type { LoggedStream } from './access-log-config.ts';
import type { PatternCompiler } from '../router/compile-session.ts';
import { compileLineFormat, type LineFormat } from '../substitution/compile-format.ts';
import { compileBodyFormat, textOf } from './body-format.ts';
import { compileLogService } from './compile-log-service.ts';
import { compileLogFilter } from './log-filter.ts';

/** Envoy's, for logs that give no format of their own. */
export const defaultLogFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** `path` is the log's; mistakes go to `patterns`, and make a log that stays empty. */
export function compileAccessLog(log: AccessLog, path: string, patterns: PatternCompiler, environment: CompileEnvironment): AccessLogConfig {
  const { place, line } = compilePlace(log, path, patterns, environment);
  const holds = log.filter && compileLogFilter(log.filter, `${path}.filter`, { patterns, environment });
  if (!holds) return { ...place, write: (source, _outcome, lines) => line(source, lines) };
  return {
    ...place,
    write(source, _outcome, lines) {
      if (holds(source)) line(source, lines);
    },
  };
}

interface CompiledPlace {
  readonly place: Pick<AccessLogConfig, 'path' | 'service'>;
  readonly line: (source: LoggedStream, lines: LineWriter) => void;
}

function compilePlace({ sink, format }: AccessLog, path: string, patterns: PatternCompiler, environment: CompileEnvironment): CompiledPlace {
  if (sink.kind === 'grpc' || sink.kind === 'open-telemetry') {
    const { target, put } = compileLogService(sink, environment, (at, message) => patterns.error(`${path}.typed_config.${at}`, message));
    // Logs that say the same share what waits.
    return { place: { path: `${sink.kind} ${JSON.stringify(sink)}`, service: target }, line: put };
  }
  return { place: { path: sink.kind === 'file' ? sink.path : `/dev/${sink.kind}` }, line: compileLine(format, path, patterns, environment) };
}

function compileLine(format: LogFormat | undefined, path: string, patterns: PatternCompiler, environment: CompileEnvironment): LineFormat {
  if (format?.kind === 'json') {
    const json = compileBodyFormat(format, `${path}.typed_config`, patterns, environment, '\n').format;
    return (source, lines) => lines.text(json(source));
  }
  const text = format === undefined ? ({ ok: true, format: defaultLogFormat } as const) : textOf(format, environment);
  const compiled = text.ok ? compileLineFormat(text.format, format?.omitEmptyValues === true ? '' : '-', operatorContextOf(environment)) : text;
  if (compiled.ok) return compiled.format;
  patterns.error(`${path}.typed_config`, compiled.message);
  return () => {};
}
