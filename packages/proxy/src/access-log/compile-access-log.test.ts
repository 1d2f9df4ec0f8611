import { connectionManagerOf, decodeListener, type AccessLog } from '@sluice/resources';
import { listenerJson, routesJson, routeTo, typed, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { outcomes } from '../outcome.ts';
import type { Stream } from '../stream.ts';
import { createTestStream } from '../testing/index.ts';
import { compileAccessLog } from './compile-access-log.ts';

function logOf(typedConfig: Json): AccessLog {
  const routes = { route_config: routesJson('r', [routeTo('app')]) };
  const decoded = decodeListener(listenerJson('a', { ...routes, access_log: [{ name: 'log', typed_config: typedConfig }] }));
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems));
  return connectionManagerOf(decoded.value.filterChains[0]?.filters[0])?.accessLogs[0] as AccessLog;
}

const fileLog = (fields: Json) => typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', { path: '/var/log/a', ...fields });
const jsonLog = (fields: Json, more: Json = {}) => fileLog({ log_format: { json_format: fields, ...more } });

/** A stream that ended at once. */
function endedStream(headers: Readonly<Record<string, string>> = {}): Stream {
  const stream = createTestStream({ authority: 'a.com', path: '/x', headers });
  Object.assign(stream.info, { startWallTime: Date.UTC(2026, 0, 1), startAt: 5, endAt: 12, status: 404, flags: 'NR', bytesSent: 9 });
  return stream;
}

function lineOf(typedConfig: Json, stream = endedStream()): string {
  const compiled = compileAccessLog(logOf(typedConfig));
  if (!compiled.ok) throw new Error(compiled.message);
  return compiled.format.format(stream, outcomes['no-route']);
}

test('without a format, the line is the one of Envoy', () => {
  expect(lineOf(fileLog({}))).toBe(
    '[2026-01-01T00:00:00.000Z] "GET /x HTTP/1.1" 404 NR 0 9 7 - "-" "-" "-" "a.com" "-"\n',
  );
});

test('a text format says itself where the line ends', () => {
  expect(lineOf(fileLog({ log_format: { text_format_source: { inline_string: '%RESPONSE_CODE% %UPSTREAM_HOST%|' } } }))).toBe('404 -|');
  expect(lineOf(fileLog({ log_format: { text_format: '%UPSTREAM_HOST%|', omit_empty_values: true } }))).toBe('|');
});

test('in JSON a lone operator keeps its type, and what is not known is null', () => {
  const line = lineOf(jsonLog({ code: '%RESPONSE_CODE%', host: '%UPSTREAM_HOST%', mixed: 'took %DURATION% ms', fixed: true, in: { list: ['%PROTOCOL%', 1] } }));
  expect(line.endsWith('\n')).toBe(true);
  expect(JSON.parse(line)).toEqual({ code: 404, host: null, mixed: 'took 7 ms', fixed: true, in: { list: ['HTTP/1.1', 1] } });
});

test('what is not known can be left out of JSON', () => {
  expect(JSON.parse(lineOf(jsonLog({ host: '%UPSTREAM_HOST%', code: '%RESPONSE_CODE%' }, { omit_empty_values: true })))).toEqual({ code: 404 });
});

test('values from clients cannot break out of a JSON line', () => {
  const nasty = 'a"\\,"b":1 \u00e9\u0080';
  expect(JSON.parse(lineOf(jsonLog({ agent: '%REQ(USER-AGENT)%' }), endedStream({ 'user-agent': nasty })))).toEqual({ agent: nasty });
});

test('where lines go', () => {
  const stream = compileAccessLog(logOf(typed('envoy.extensions.access_loggers.stream.v3.StderrAccessLog')));
  expect(stream).toMatchObject({ ok: true, format: { path: '/dev/stderr' } });
  expect(compileAccessLog(logOf(fileLog({})))).toMatchObject({ ok: true, format: { path: '/var/log/a' } });
});

test('a mistake in a nested field is named', () => {
  expect(compileAccessLog(logOf(jsonLog({ a: { b: '%NOPE%' } })))).toMatchObject({ ok: false, message: expect.stringContaining('a: b: has %NOPE%') });
});
