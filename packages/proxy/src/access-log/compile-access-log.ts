/** Access logs, compiled: for each log where its lines go, which streams it is for, and the function that makes a line. */
import type { AccessLog, LogFormat } from '@sluice/resources';
import { operatorContextOf, type CompileEnvironment } from '../compile-environment.ts';
import type { AccessLogConfig } from '../proxy-config.ts';
import type { PatternCompiler } from '../router/compile-session.ts';
import { compileLineFormat, type LineFormat } from '../substitution/compile-format.ts';
import { compileBodyFormat, textOf } from './body-format.ts';
import { compileLogFilter } from './log-filter.ts';

/** Envoy's, for logs that give no format of their own. */
export const defaultLogFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

/** `path` is the log's; mistakes go to `patterns`, and make a log that stays empty. */
export function compileAccessLog(log: AccessLog, path: string, patterns: PatternCompiler, environment: CompileEnvironment): AccessLogConfig {
  const line = compileLine(log.format, path, patterns, environment);
  const holds = log.filter && compileLogFilter(log.filter, `${path}.filter`, { patterns, environment });
  if (!holds) return { path: pathOf(log), write: (source, _outcome, lines) => line(source, lines) };
  return {
    path: pathOf(log),
    write(source, _outcome, lines) {
      if (holds(source)) line(source, lines);
    },
  };
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

function pathOf({ sink }: AccessLog): string {
  return sink.kind === 'file' ? sink.path : `/dev/${sink.kind}`;
}
