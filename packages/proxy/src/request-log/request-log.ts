/**
 * Knative's request log: one line for each request when it has ended, in the form of the operator's template. Lines of one
 * turn of the event loop are written together. https://github.com/knative/serving/blob/main/pkg/http/request_log.go
 */
import { Buffer } from 'node:buffer';
import { formatAddress, type Timers } from '@sluice/kernel';
import type { AccessLogOutput } from '../proxy-options.ts';
import type { Stream } from '../stream.ts';
import { traceIdOf } from '../tracing/trace-context.ts';
import { compileTemplate, type FieldLookup, type TemplateValue } from './go-template.ts';

/** `.Revision` in templates. */
export interface LoggedRevision {
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
  readonly configuration: string;
  readonly podName: string;
  readonly podIp: string;
}

export interface RequestLog {
  /** Whether probes are logged too. */
  readonly logsProbes: boolean;
  /** The stream has ended. */
  write(stream: LoggedRequest, revision: LoggedRevision): void;
}

/** What a log sees of a stream. */
export type LoggedRequest = Pick<Stream, 'info' | 'request'>;

export interface RequestLogOptions {
  readonly template: string;
  readonly logsProbes: boolean;
  readonly output: AccessLogOutput;
  readonly timers: Timers;
}

/** Knative's default: a log entry of an HTTP request as Google's logging has it, and the trace. */
export const defaultRequestLogTemplate = [
  '{"httpRequest": {"requestMethod": "{{.Request.Method}}"',
  '"requestUrl": "{{js .Request.RequestURI}}"',
  '"requestSize": "{{.Request.ContentLength}}"',
  '"status": {{.Response.Code}}',
  '"responseSize": "{{.Response.Size}}"',
  '"userAgent": "{{js .Request.UserAgent}}"',
  '"remoteIp": "{{js .Request.RemoteAddr}}"',
  '"serverIp": "{{.Revision.PodIP}}"',
  '"referer": "{{js .Request.Referer}}"',
  '"latency": "{{.Response.Latency}}s"',
  '"protocol": "{{.Request.Proto}}"}',
  '"traceId": "{{.TraceID}}"}',
].join(', ');

/** What is wrong with a template, in words; undefined when nothing is. */
export function findTemplateFault(template: string): string | undefined {
  const compiled = compileTemplate(template, lookUp);
  return compiled.ok ? undefined : compiled.message;
}

/** @throws TypeError for a template that cannot be read: see `findTemplateFault` */
export function createRequestLog({ template, logsProbes, output, timers }: RequestLogOptions): RequestLog {
  const compiled = compileTemplate(template, lookUp);
  if (!compiled.ok) throw new TypeError(`request log template: ${compiled.message}`);
  const { render } = compiled;
  let waiting = '';
  const flush = (): void => {
    const lines = Buffer.from(waiting, 'utf8');
    waiting = '';
    output.write(lines);
  };
  return {
    logsProbes,
    write(stream, revision) {
      if (waiting === '') timers.after(0, flush);
      const line = render({ stream, revision });
      waiting += line.endsWith('\n') ? line : `${line}\n`;
    },
  };
}

interface Source {
  readonly stream: LoggedRequest;
  readonly revision: LoggedRevision;
}

type Read = (source: Source) => TemplateValue;

const headerCall = /^\.Request\.Header\.Get\s+"([^"\\]+)"$/;

const lookUp: FieldLookup<Source> = (path) => {
  const header = headerCall.exec(path)?.[1]?.toLowerCase();
  if (header !== undefined) return ({ stream }) => stream.request.get(header) ?? '';
  return Object.hasOwn(fields, path) ? fields[path] : undefined;
};

const fields: Readonly<Record<string, Read>> = {
  '.Request.Method': ({ stream }) => stream.request.method,
  '.Request.RequestURI': ({ stream }) => stream.request.path,
  '.Request.URL': ({ stream }) => stream.request.path,
  // As Go counts: −1 when only the end of the body will tell.
  '.Request.ContentLength': ({ stream: { request } }) => (request.framing === 'length' ? request.contentLength : request.framing === 'none' ? 0 : -1),
  '.Request.UserAgent': ({ stream }) => stream.request.get('user-agent') ?? '',
  '.Request.RemoteAddr': ({ stream }) => formatAddress(stream.info.downstreamRemote),
  '.Request.Referer': ({ stream }) => stream.request.get('referer') ?? '',
  '.Request.Proto': ({ stream }) => (stream.info.protocol === 'HTTP/2' ? 'HTTP/2.0' : stream.info.protocol),
  '.Request.Host': ({ stream }) => stream.request.authority,
  '.Response.Code': ({ stream }) => stream.info.status,
  '.Response.Size': ({ stream }) => stream.info.bytesSent,
  '.Response.Latency': ({ stream: { info } }) => ({ seconds: Math.round((info.endAt - info.startAt) * 1e6) / 1e9 }),
  '.Revision.Name': ({ revision }) => revision.name,
  '.Revision.Namespace': ({ revision }) => revision.namespace,
  '.Revision.Service': ({ revision }) => revision.service,
  '.Revision.Configuration': ({ revision }) => revision.configuration,
  '.Revision.PodName': ({ revision }) => revision.podName,
  '.Revision.PodIP': ({ revision }) => revision.podIp,
  '.TraceID': ({ stream: { request } }) => {
    const parent = request.get('traceparent');
    return parent === undefined ? (request.get('x-b3-traceid') ?? '') : traceIdOf(parent);
  },
};
