/**
 * Knative's request log: one line for each request when it has ended, in the form of the operator's template. Lines of one
 * turn of the event loop are written together. https://github.com/knative/serving/blob/main/pkg/http/request_log.go
 */
import { Buffer } from 'node:buffer';
import { formatAddress, GoTemplate, type Timers } from '@sluice/kernel';
import type { AccessLogOutput } from '../proxy-options.ts';
import type { Stream } from '../stream.ts';
import { traceIdOf } from '../tracing/trace-context.ts';

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

/** What is wrong with a template, in words; undefined when nothing is. Fields are asked for when a line is written. */
export function findTemplateFault(template: string): string | undefined {
  return GoTemplate.complaint(template);
}

/** @throws GoTemplateError for a template that cannot be read: see `findTemplateFault` */
export function createRequestLog({ template, logsProbes, output, timers }: RequestLogOptions): RequestLog {
  const compiled = new GoTemplate(template);
  const source = new LogSource();
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
      source.turnTo(stream, revision);
      let line: string;
      try {
        line = compiled.execute(source.data);
      } catch {
        line = excuseFor(stream);
      }
      waiting += line.endsWith('\n') ? line : `${line}\n`;
    },
  };
}

/** Knative's line in place of one that its template cannot make. */
function excuseFor({ info, request }: LoggedRequest): string {
  return `Invalid request log template: method: ${request.method}, response code: ${info.status}, latency: ${latencySeconds(info)}, url: ${request.path}`;
}

/** To the nanosecond, as Go has it. */
function latencySeconds({ startAt, endAt }: LoggedRequest['info']): number {
  return Math.round((endAt - startAt) * 1e6) / 1e9;
}

/** What templates read from: one object for all lines, which looks at one request after the other, and only at what it is asked for. */
class LogSource {
  #stream: LoggedRequest | undefined;
  #revision: LoggedRevision | undefined;

  turnTo(stream: LoggedRequest, revision: LoggedRevision): void {
    this.#stream = stream;
    this.#revision = revision;
  }

  readonly data = {
    Request: {
      Method: () => this.#request.method,
      RequestURI: () => this.#request.path,
      URL: {
        String: () => this.#request.path,
        Path: () => this.#splitPath()[0],
        RawQuery: () => this.#splitPath()[1],
      },
      ContentLength: () => contentLength(this.#request),
      UserAgent: () => this.#request.get('user-agent') ?? '',
      RemoteAddr: () => formatAddress(this.#info.downstreamRemote),
      Referer: () => this.#request.get('referer') ?? '',
      Proto: () => (this.#info.protocol === 'HTTP/2' ? 'HTTP/2.0' : this.#info.protocol),
      ProtoMajor: () => (this.#info.protocol === 'HTTP/2' ? 2 : 1),
      ProtoMinor: () => (this.#info.protocol === 'HTTP/1.1' ? 1 : 0),
      TransferEncoding: () => (this.#request.framing === 'chunked' ? ['chunked'] : []),
      Host: () => this.#request.authority,
      Header: {
        Get: (name: unknown) => this.#request.get(String(name).toLowerCase()) ?? '',
        Values: (name: unknown) => this.#valuesOf(String(name).toLowerCase()),
      },
    },
    Response: {
      Code: () => this.#info.status,
      Size: () => this.#info.bytesSent,
      Latency: () => latencySeconds(this.#info),
    },
    Revision: {
      Name: () => this.#revision?.name ?? '',
      Namespace: () => this.#revision?.namespace ?? '',
      Service: () => this.#revision?.service ?? '',
      Configuration: () => this.#revision?.configuration ?? '',
      PodName: () => this.#revision?.podName ?? '',
      PodIP: () => this.#revision?.podIp ?? '',
    },
    TraceID: () => {
      const parent = this.#request.get('traceparent');
      return parent === undefined ? (this.#request.get('x-b3-traceid') ?? '') : traceIdOf(parent);
    },
  };

  /** Path, and what stands behind its question mark. */
  #splitPath(): [string, string] {
    const { path } = this.#request;
    const mark = path.indexOf('?');
    return mark === -1 ? [path, ''] : [path.slice(0, mark), path.slice(mark + 1)];
  }

  #valuesOf(name: string): string[] {
    const value = this.#request.get(name);
    return value === undefined ? [] : [value];
  }

  get #request(): LoggedRequest['request'] {
    return this.#current.request;
  }

  get #info(): LoggedRequest['info'] {
    return this.#current.info;
  }

  get #current(): LoggedRequest {
    if (!this.#stream) throw new TypeError('no request is looked at');
    return this.#stream;
  }
}

/** As Go counts: −1 when only the end of the body will tell. */
function contentLength({ framing, contentLength: bytes }: LoggedRequest['request']): number {
  if (framing === 'length') return bytes;
  return framing === 'none' ? 0 : -1;
}
