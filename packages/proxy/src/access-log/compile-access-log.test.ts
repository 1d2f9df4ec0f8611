import { formatProblem, type Problem } from '@sluice/kernel';
import { connectionManagerOf, decodeListener, type AccessLog } from '@sluice/resources';
import { listenerJson, routesJson, routeTo, typed, type Json } from '@sluice/resources/testing';
import { expect, test } from 'vitest';
import { createPlainEnvironment, type CompileEnvironment } from '../compile-environment.ts';
import { outcomes } from '../outcome.ts';
import { createPatternCompiler } from '../router/compile-session.ts';
import { noRegexEngine } from '../router/regex-engine.ts';
import type { Stream } from '../stream.ts';
import { createTestStream } from '../testing/index.ts';
import { LineWriter } from '../substitution/line-writer.ts';
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

function compile(log: AccessLog, environment: CompileEnvironment = createPlainEnvironment()) {
  const problems: Problem[] = [];
  const compiled = compileAccessLog(log, 'access_log[0]', createPatternCompiler(noRegexEngine, '', problems), environment);
  return { compiled, problems: problems.map(formatProblem) };
}

function lineOf(typedConfig: Json, stream = endedStream(), environment?: CompileEnvironment): string {
  const { compiled, problems } = compile(logOf(typedConfig), environment);
  expect(problems).toEqual([]);
  const line = new LineWriter();
  compiled.write(stream, outcomes['no-route'], line);
  return line.take().toString();
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
  expect(compile(logOf(typed('envoy.extensions.access_loggers.stream.v3.StderrAccessLog'))).compiled.path).toBe('/dev/stderr');
  expect(compile(logOf(fileLog({}))).compiled.path).toBe('/var/log/a');
});

test('a mistake in a nested field is named', () => {
  expect(compile(logOf(jsonLog({ a: { b: '%NOPE%' } }))).problems).toEqual([expect.stringMatching(/^access_log\[0\]\.typed_config.*a: b: has %NOPE%/)]);
});

test('in the old JSON of files every value is a string', () => {
  expect(JSON.parse(lineOf(fileLog({ json_format: { code: '%RESPONSE_CODE%', host: '%UPSTREAM_HOST%' } })))).toEqual({ code: '404', host: '-' });
  expect(JSON.parse(lineOf(fileLog({ typed_json_format: { code: '%RESPONSE_CODE%', host: '%UPSTREAM_HOST%' } })))).toEqual({ code: 404, host: null });
});

test('keys of JSON can be sorted', () => {
  expect(lineOf(jsonLog({ b: 1, a: { d: 2, c: 3 } }, { json_format_options: { sort_properties: true } }))).toBe('{"a":{"c":3,"d":2},"b":1}\n');
});

test('a format may stand in a file, and says so when it cannot be read', () => {
  const format = { log_format: { text_format_source: { filename: '/etc/log-format' } } };
  const environment = { ...createPlainEnvironment(), sources: { read: () => '%RESPONSE_CODE%\n' } };
  expect(lineOf(fileLog(format), endedStream(), environment)).toBe('404\n');
  expect(compile(logOf(fileLog(format))).problems[0]).toContain('has a text_format_source that cannot be read');
});

test('what filters have found out stands in lines, structs as JSON', () => {
  const stream = endedStream();
  stream.info.addMetadata('app', { plan: { name: 'gold', seats: 3 } });
  stream.info.setFilterState('tenant', 'acme');
  expect(lineOf(jsonLog({ plan: '%DYNAMIC_METADATA(app:plan)%', name: '%METADATA(DYNAMIC:app:plan:name)%', none: '%DYNAMIC_METADATA(app:x:y)%', state: '%FILTER_STATE(tenant:PLAIN)%' }), stream)).toBe(
    '{"plan":{"name":"gold","seats":3},"name":"gold","none":null,"state":"acme"}\n',
  );
  expect(lineOf(fileLog({ format: '%DYNAMIC_METADATA(app:plan)%\n' }), stream)).toBe('{"name":"gold","seats":3}\n');
});

test('where the process runs can be named', () => {
  const environment = { ...createPlainEnvironment(), hostName: 'box', sources: { read: () => 'blue' } };
  expect(lineOf(fileLog({ format: '%HOSTNAME% %ENVIRONMENT(COLOUR)%\n' }), endedStream(), environment)).toBe('box blue\n');
  expect(lineOf(fileLog({ format: '%HOSTNAME% %ENVIRONMENT(COLOUR)%\n' }))).toBe('- -\n');
});
