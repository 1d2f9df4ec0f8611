import { expect, test } from 'vitest';

import { typeUrls } from '../type-urls.ts';
import { cacheBytesMax, decodeCache, encodeCache, type CachedSources } from './config-cache.ts';

const sources: CachedSources = { ads: [{ typeUrl: typeUrls.cluster, version: 'v1', resources: [{ name: 'a', version: '1', value: { name: 'a' } }] }] };

test('what was written is read', () => {
  expect(decodeCache(encodeCache(sources, 'me') ?? '', 'me')).toEqual({ ok: true, sources });
});

test('a file that was cut, changed, or is somebody else\u2019s is not used', () => {
  const text = encodeCache(sources, 'me') ?? '';
  expect(decodeCache(text.slice(0, -3), 'me')).toEqual({ ok: false, reason: 'is not whole' });
  expect(decodeCache(text.replace('"a"', '"b"'), 'me')).toEqual({ ok: false, reason: 'is not whole' });
  expect(decodeCache('', 'me')).toEqual({ ok: false, reason: 'is not whole' });
  expect(decodeCache(text.replace('"format":1', '"format":7'), 'me')).toEqual({ ok: false, reason: 'is of format 7, must be 1' });
  expect(decodeCache(text, 'you')).toEqual({ ok: false, reason: 'is of node "me", this one is "you"' });
});

test('no bytes make it throw, and no shape but its own passes', () => {
  for (const body of ['null', '[]', '{"node":"me"}', '{"node":"me","sources":{"ads":[{"typeUrl":1}]}}', '{"node":"me","sources":{"ads":[{"typeUrl":"t","version":"","resources":[{}]}]}}']) {
    expect(decodeCache(`{"format":1}\n${body}`, 'me').ok).toBe(false);
  }
});

test('what is too large is not written', () => {
  const value = { name: 'x'.repeat(cacheBytesMax) };
  expect(encodeCache({ ads: [{ typeUrl: typeUrls.cluster, version: '', resources: [{ name: 'a', version: '1', value }] }] }, 'me')).toBeUndefined();
});
