import type { Buffer } from 'node:buffer';
import { RequestHead } from '@sluice/http';
import { SimulatedTime } from '@sluice/kernel/testing';
import { describe, expect, test } from 'vitest';
import { StreamInfo } from '../stream-info.ts';
import { createRequestLog, defaultRequestLogTemplate, findTemplateFault, type LoggedRevision } from './request-log.ts';

const revision: LoggedRevision = { name: 'hello-00001', namespace: 'default', service: 'hello', configuration: 'hello', podName: 'hello-00001-abc', podIp: '10.0.0.5' };

function answered() {
  const request = RequestHead.of('POST', 'hello.example', '/a?q="x"&y', {
    'user-agent': 'curl/8',
    referer: "it's",
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  });
  request.framing = 'length';
  request.contentLength = 3;
  const info = new StreamInfo({ remote: { host: '10.0.0.9', port: 51_000 }, local: { host: '10.0.0.5', port: 8012 } });
  Object.assign(info, { status: 200, startAt: 1000, endAt: 1012.345678, bytesSent: 512 });
  return { request, info };
}

function logged(template: string, stream = answered()): string {
  const time = new SimulatedTime();
  const lines: Buffer[] = [];
  const log = createRequestLog({ template, logsProbes: false, timers: time, output: { write: (bytes) => void lines.push(bytes) } });
  log.write(stream, revision);
  time.advance(0);
  return lines.join('');
}

test('the default is one line of JSON with everything in it', () => {
  expect(logged(defaultRequestLogTemplate)).toBe(
    '{"httpRequest": {"requestMethod": "POST", "requestUrl": "/a?q\\u003D\\"x\\"\\u0026y", "requestSize": "3", "status": 200, "responseSize": "512", ' +
      '"userAgent": "curl/8", "remoteIp": "10.0.0.9:51000", "serverIp": "10.0.0.5", "referer": "it\\\'s", "latency": "0.012345678s", "protocol": "HTTP/1.1"}, ' +
      '"traceId": "0af7651916cd43dd8448eb211c80319c"}\n',
  );
});

test('the revision, headers by name, pipes, comments and dashes are understood', () => {
  expect(logged('{{.Revision.Namespace}}/{{ .Revision.Name }} {{/* who */}}{{.Request.Header.Get "User-Agent"}}')).toBe('default/hello-00001 curl/8\n');
  expect(logged('a  {{- .Request.Referer | js -}}  b')).toBe("a  it\\'s  b\n".replaceAll('  ', ''));
});

test('parts of the URL, versions as numbers and values of headers are those of Go’s request', () => {
  expect(logged('{{.Request.URL.Path}} {{.Request.URL.RawQuery}} {{.Request.URL}} {{.Request.ProtoMajor}}.{{.Request.ProtoMinor}} {{.Request.TransferEncoding}}')).toBe('/a q="x"&y /a?q="x"&y 1.1 []\n');
  expect(logged('{{index .Request.Header "User-Agent"}} {{len (index .Request.Header "X-None")}} {{.Request.Header.Values "Referer"}}')).toBe("[curl/8] 0 [it's]\n");
});

test('a template that ends its lines itself gets no second newline', () => {
  expect(logged('{{.Response.Code}}\n')).toBe('200\n');
});

test('a body whose length only its end tells is −1 long, as in Go', () => {
  const stream = answered();
  stream.request.framing = 'chunked';
  expect(logged('{{.Request.ContentLength}}', stream)).toBe('-1\n');
  stream.request.framing = 'none';
  expect(logged('{{.Request.ContentLength}}', stream)).toBe('0\n');
});

test('of a request without traceparent the trace is that of B3', () => {
  const stream = answered();
  stream.request.remove('traceparent');
  stream.request.add('x-b3-traceid', '4bf92f3577b34da6');
  expect(logged('{{.TraceID}}', stream)).toBe('4bf92f3577b34da6\n');
});

test('lines of one turn are written together', () => {
  const time = new SimulatedTime();
  const writes: string[] = [];
  const log = createRequestLog({ template: '{{.Response.Code}}', logsProbes: false, timers: time, output: { write: (bytes) => void writes.push(String(bytes)) } });
  log.write(answered(), revision);
  log.write(answered(), revision);
  time.advance(0);
  log.write(answered(), revision);
  time.advance(0);
  expect(writes).toEqual(['200\n200\n', '200\n']);
});

test('conditions and the other functions of Go’s templates are understood', () => {
  const template = '{{if ge .Response.Code 500}}failed{{else}}{{.Request.Method | printf "%q"}} {{with .Request.Header.Get "x-none"}}{{.}}{{else}}-{{end}}{{end}}';
  expect(logged(template)).toBe('"POST" -\n');
});

test('a template that asks for what is not there gives Knative’s line in its place', () => {
  expect(logged('{{.Request.Method}} {{.Request.Nope}}')).toBe('Invalid request log template: method: POST, response code: 200, latency: 0.012345678, url: /a?q="x"&y\n');
});

describe('what cannot be read is refused when the template is read', () => {
  test.each([
    ['{{.TraceID', 'line 1: unclosed action'],
    ['{{if .TraceID}}x', 'line 1: unclosed {{if}}'],
    ['{{upper .TraceID}}', 'line 1: function "upper" not defined'],
  ])('%s', (template, message) => {
    expect(findTemplateFault(template)).toBe(message);
  });
});
