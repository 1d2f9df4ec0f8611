import { RequestHead, ResponseHead } from '@sluice/http';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { StreamInfo } from '../stream-info.ts';
import { compileFormat, compileLineFormat } from './compile-format.ts';
import type { FormatSource } from './format-source.ts';
import { LineWriter } from './line-writer.ts';

/** A request that was answered, with every fact set. */
function answered(): FormatSource {
  const info = new StreamInfo({ remote: { host: '10.0.0.9', port: 51_000 }, local: { host: '::1', port: 8080 } });
  Object.assign(info, {
    startWallTime: Date.UTC(2026, 0, 31, 8, 15, 30, 250),
    startAt: 1000,
    requestEndAt: 1001.4,
    responseStartAt: 1020.6,
    endAt: 1022,
    bytesReceived: 3,
    bytesSent: 512,
    status: 503,
    flags: 'UF,URX',
    details: 'upstream_reset_before_response_started{connection failure}',
    connectionId: 7,
    routeName: 'split',
    clusterName: 'default/hello-00001',
    upstreamHost: '10.1.0.4:8012',
    upstreamLocal: { host: '10.0.0.1', port: 40_001 },
    attempts: 2,
  });
  const request = RequestHead.of('GET', 'hello.example', '/a?token=s', { 'user-agent': 'curl/8', 'x-envoy-original-path': '/b?c' });
  return { info, request, response: ResponseHead.of(503, { 'grpc-status': '14', 'x-upstream': 'yes' }) };
}

/** The same put down as bytes. */
function lineOf(format: string, source: FormatSource): string {
  const compiled = compileLineFormat(format);
  if (!compiled.ok) throw new Error(compiled.message);
  const line = new LineWriter();
  compiled.format(source, line);
  return line.take().toString();
}

function fill(format: string, source = answered()): string {
  const compiled = compileFormat(format);
  if (!compiled.ok) throw new Error(compiled.message);
  const text = compiled.format(source);
  expect(lineOf(format, source)).toBe(text);
  return text;
}

test.each([
  ['%START_TIME%', '2026-01-31T08:15:30.250Z'],
  ['%START_TIME(%Y/%m/%dT%H:%M:%S%z %3f)%', '2026/01/31T08:15:30+0000 250'],
  ['%START_TIME(%s)%', '1769847330'],
  ['%REQ(:METHOD)% %REQ(:PATH)% %PROTOCOL%', 'GET /a?token=s HTTP/1.1'],
  ['%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%', '/b?c'],
  ['%REQ(x-none?:PATH)%', '/a?token=s'],
  ['%REQ_WITHOUT_QUERY(:PATH)%', '/a'],
  ['%REQ(USER-AGENT):4%', 'curl'],
  ['%REQ(:AUTHORITY)%', 'hello.example'],
  ['%RESP(X-UPSTREAM)% %RESP(:STATUS)%', 'yes 503'],
  ['%RESPONSE_CODE% %RESPONSE_FLAGS%', '503 UF,URX'],
  ['%RESPONSE_CODE_DETAILS%', 'upstream_reset_before_response_started{connection_failure}'],
  ['%BYTES_RECEIVED% %BYTES_SENT%', '3 512'],
  ['%DURATION% %REQUEST_DURATION% %RESPONSE_DURATION% %RESPONSE_TX_DURATION%', '22 1 21 1'],
  ['%UPSTREAM_HOST% %UPSTREAM_CLUSTER%', '10.1.0.4:8012 default/hello-00001'],
  ['%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %UPSTREAM_REMOTE_PORT%', '10.1.0.4 8012'],
  ['%UPSTREAM_LOCAL_ADDRESS%', '10.0.0.1:40001'],
  ['%UPSTREAM_REQUEST_ATTEMPT_COUNT%', '2'],
  ['%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_REMOTE_PORT%', '10.0.0.9:51000 10.0.0.9 51000'],
  ['%DOWNSTREAM_LOCAL_ADDRESS%', '[::1]:8080'],
  ['%ROUTE_NAME% %CONNECTION_ID%', 'split 7'],
  ['%GRPC_STATUS% %GRPC_STATUS(SNAKE_STRING)% %GRPC_STATUS_NUMBER%', 'Unavailable UNAVAILABLE 14'],
  ['100%% of %RESPONSE_CODE%', '100% of 503'],
  ['', ''],
])('%s is %s', (format, text) => {
  expect(fill(format)).toBe(text);
});

test('what is not known is a dash', () => {
  const info = new StreamInfo({ remote: { host: 'a', port: 1 }, local: { host: 'b', port: 2 } });
  const source = { info, request: new RequestHead(), response: undefined };
  expect(fill('%UPSTREAM_HOST% %DURATION% %RESP(x)% %GRPC_STATUS% %RESPONSE_FLAGS%', source)).toBe('- - - - -');
});

test.each([
  ['%NOPE%', 'has %NOPE%, which is not known'],
  ['%REQ()%', 'names no header'],
  ['%DURATION(x)%', 'has an argument where none belongs'],
  ['%START_TIME(%q)%', 'has START_TIME with %q'],
  ['%GRPC_STATUS(x)%', 'must be CAMEL_STRING, SNAKE_STRING or NUMBER'],
  ['50% of', 'begins no operator'],
  ['%REQ(x', 'begins no operator'],
])('%s is refused', (format, reason) => {
  const compiled = compileFormat(format);
  expect(compiled.ok).toBe(false);
  if (!compiled.ok) expect(compiled.message).toContain(reason);
});

test('text without percent signs is itself', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes('%')),
      (text) => fill(text) === text,
    ),
  );
});

test('whatever the format, compiling ends with a function or a sentence', () => {
  const piece = fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom('%', '%%', '%REQ(', ')%', '%DURATION%', ':3%', '(', '%START_TIME('));
  fc.assert(
    fc.property(fc.array(piece).map((pieces) => pieces.join('')), (format) => {
      const compiled = compileFormat(format);
      return compiled.ok ? typeof compiled.format(answered()) === 'string' : compiled.message.length > 0;
    }),
  );
});
