/** Access logs, compiled: for each log where its lines go and the function that makes one. */
import type { AccessLog } from '@sluice/resources';
import type { AccessLogConfig } from '../proxy-config.ts';
import { compileFormat, type CompiledFormat, type TextFormat } from '../substitution/compile-format.ts';
import { compileJsonFormat } from './json-log-format.ts';

/** Envoy's, for logs that give no format of their own. */
export const defaultLogFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

export function compileAccessLog(log: AccessLog): CompiledFormat<AccessLogConfig> {
  const compiled = compileLogFormat(log);
  if (!compiled.ok) return compiled;
  return { ok: true, format: { path: pathOf(log), format: compiled.format } };
}

function compileLogFormat({ format }: AccessLog): CompiledFormat<TextFormat> {
  if (format === undefined) return compileFormat(defaultLogFormat);
  if (format.kind === 'json') return compileJsonFormat(format.fields, format.omitEmptyValues);
  return compileFormat(format.text, format.omitEmptyValues ? '' : '-');
}

function pathOf({ sink }: AccessLog): string {
  return sink.kind === 'file' ? sink.path : `/dev/${sink.kind}`;
}
