import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { createHeaderLine } from './header-block.ts';
import { Known } from './known-headers.ts';
import { RequestHead } from './message-head.ts';
import { mergeSlashes, normalizePath } from './path.ts';
import { readRequest } from './testing/index.ts';

const head = () => readRequest('GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nX-Two: 2\r\nx-one: 3\r\nTE: trailers\r\n\r\n').head;

function written(block: ReturnType<typeof head>): string {
  const target = Buffer.alloc(1000);
  return target.toString('latin1', 0, block.writeFields(target, 0));
}

describe('fields of the wire', () => {
  test('are written as they came', () => {
    expect(written(head())).toBe('Host: a\r\nX-One: 1\r\nX-Two: 2\r\nx-one: 3\r\nTE: trailers\r\n');
  });

  test('go when they are removed, all of one name', () => {
    const block = head();
    block.remove('x-one');
    expect(written(block)).toBe('Host: a\r\nX-Two: 2\r\nTE: trailers\r\n');
    expect([block.has('x-one'), block.get('x-one'), block.count]).toEqual([false, undefined, 3]);
  });

  test('are replaced by what is set, and come before what is added', () => {
    const block = head();
    block.set('x-two', 'new');
    block.add('x-two', 'more');
    block.addLine(createHeaderLine('X-Line', 'ready'));
    expect(written(block)).toBe('Host: a\r\nX-One: 1\r\nx-one: 3\r\nTE: trailers\r\nx-two: new\r\nx-two: more\r\nx-line: ready\r\n');
    expect(block.get('x-two')).toBe('new, more');
    expect(block.fieldBytesMax).toBeGreaterThanOrEqual(written(block).length);
  });

  test('that are known are found by their bit', () => {
    const block = head();
    expect(block.known & Known.te).not.toBe(0);
    block.removeKnown(Known.te | Known.upgrade);
    expect(written(block)).not.toContain('TE');
    expect(block.has('te')).toBe(false);
  });

  test('of a group are gone one by one', () => {
    const block = RequestHead.of('GET', 'a', '/', { 'x-envoy-internal': 'true', 'x-envoy-retry-on': '5xx' });
    block.remove('x-envoy-internal');
    expect([block.has('x-envoy-internal'), block.has('x-envoy-retry-on')]).toEqual([false, true]);
    block.removeKnown(Known.envoy);
    expect(block.has('x-envoy-retry-on')).toBe(false);
  });
});

test('of all names by which components of Knative talk to each other there is one bit', () => {
  const bitOf = (name: string) => readRequest(`GET / HTTP/1.1\r\nHost: a\r\n${name}: 1\r\n\r\n`).head.known & Known.knative;
  for (const name of ['K-Network-Probe', 'k-original-host', 'Knative-Serving-Revision']) {
    expect([name, bitOf(name)]).toEqual([name, Known.knative]);
    const block = RequestHead.of('GET', 'a', '/', { [name]: 'x' });
    expect([block.known & Known.knative, block.get(name.toLowerCase())]).toEqual([Known.knative, 'x']);
  }
  for (const name of ['K', 'k-', 'kn-probe', 'knative-', 'keep-alive', 'x-k-probe']) {
    expect([name, bitOf(name)]).toEqual([name, 0]);
    expect(readRequest(`GET / HTTP/1.1\r\nHost: a\r\n${name}: 1\r\n\r\n`).head.has(name.toLowerCase())).toBe(true);
  }
});

test('what would break a message cannot be put into one', () => {
  const block = head();
  for (const [name, value] of [['x', 'a\r\nb'], ['x', 'a\u0000'], ['x y', 'a'], ['', 'a'], ['x', '\u0100']] as const) {
    expect(() => block.add(name, value)).toThrow(TypeError);
    expect(() => createHeaderLine(name, value)).toThrow(TypeError);
  }
});

describe('paths', () => {
  test.each([
    ['/a/b', '/a/b'],
    ['/a/../b', '/b'],
    ['/a/./b/.', '/a/b/'],
    ['/../../b', '/b'],
    ['/a/%2e%2E/b', '/b'],
    ['/a\\..\\b', '/b'],
    ['/a/..', '/'],
    ['/a/.hidden', '/a/.hidden'],
    ['/a%2fb/../c', '/c'],
    ['/a?x=/../y', '/a?x=/../y'],
    ['/a/../b?x=..', '/b?x=..'],
    ['/a//b', '/a//b'],
  ])('%s is %s', (path, normal) => {
    expect(normalizePath(path)).toBe(normal);
    expect(normalizePath(normalizePath(path))).toBe(normal);
  });

  test('slashes are merged in the path alone', () => {
    expect(mergeSlashes('//a///b?c=//d')).toBe('/a/b?c=//d');
  });
});
