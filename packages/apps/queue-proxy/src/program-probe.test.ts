import { expect, test } from 'vitest';
import { parseProbes } from './program-probe.ts';

function messages(text: string): string[] {
  return parseProbes(text).problems.map(({ path, message }) => `${path} ${message}`.trim());
}

test('a probe over HTTP has one slash before its path, and the user’s headers', () => {
  const text = JSON.stringify({
    httpGet: { port: 3000, path: '//ready?x=1', httpHeaders: [{ name: 'X-Probe', value: 'yes' }] },
    periodSeconds: 5,
    timeoutSeconds: 3,
    successThreshold: 2,
  });
  expect(parseProbes(text)).toEqual({
    ok: true,
    problems: [],
    value: [
      { target: { kind: 'http', port: 3000, isSecured: false, path: '/ready?x=1', headers: { 'X-Probe': 'yes' } }, periodSeconds: 5, timeoutSeconds: 3, successThreshold: 2 },
    ],
  });
});

test('several containers give a list', () => {
  const checked = parseProbes('[{"tcpSocket":{"port":1}},{"grpc":{"port":2,"service":"s"}},{"httpGet":{"port":3,"scheme":"HTTPS"}}]');
  expect(checked.ok && checked.value.map(({ target }) => target)).toEqual([
    { kind: 'tcp', port: 1 },
    { kind: 'grpc', port: 2, service: 's' },
    { kind: 'http', port: 3, isSecured: true, path: '/', headers: {} },
  ]);
});

test('an empty text is no probe', () => {
  expect(parseProbes('')).toEqual({ ok: true, value: [], problems: [] });
});

test('what is wrong is said with its place', () => {
  expect(messages('{"tcpSocket":{"port":"http"}}')).toEqual(['.tcpSocket.port must be a port, but was "http"']);
  expect(messages('[{"httpGet":{"port":1,"scheme":"HTTPS","httpHeaders":[{"name":"a b","value":"c"}]}},7]')).toEqual([
    '[0].httpGet.httpHeaders[0] is not a header: {"name":"a b","value":"c"}',
    '[1] must be a probe',
  ]);
  expect(messages('{')[0]).toMatch(/^must be JSON: /);
});
