import { RequestHead } from '@sluice/http';
import { expect, test } from 'vitest';
import { writeForwarded } from './forwarded.ts';

function forwarded(headers: Record<string, string>): string | undefined {
  const head = RequestHead.of('GET', 'hello', '/', headers);
  writeForwarded(head);
  return head.get('forwarded');
}

test.each([
  [{ 'x-forwarded-for': 'n1', 'x-forwarded-host': 'h', 'x-forwarded-proto': 'p' }, 'for=n1;host=h;proto=p'],
  [{ 'x-forwarded-for': 'n1, n2 ,n3' }, 'for=n1, for=n2, for=n3'],
  [{ 'x-forwarded-for': 'n1,n2', 'x-forwarded-proto': 'https' }, 'for=n1;proto=https, for=n2'],
  [{ 'x-forwarded-for': '2001:db8::1, 10.0.0.1' }, 'for="[2001:db8::1]", for=10.0.0.1'],
  [{ 'x-forwarded-host': 'h', 'x-forwarded-proto': 'p' }, 'host=h;proto=p'],
  [{}, undefined],
])('%j becomes %s', (headers, expected) => {
  expect(forwarded(headers as Record<string, string>)).toBe(expected);
});

test('one that is there stays as it is', () => {
  expect(forwarded({ forwarded: 'for=unknown', 'x-forwarded-for': '10.0.0.1' })).toBe('for=unknown');
});
