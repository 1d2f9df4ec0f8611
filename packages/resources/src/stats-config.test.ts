/** Which statistics an operator wants to see. */
import { expect, test } from 'vitest';
import { decodeBootstrap } from './bootstrap.ts';

const decode = (stats_config: object) => decodeBootstrap({ stats_config });
const problemsOf = (stats_config: object) => decode(stats_config).problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`);

test('lists name what is shown or hidden', () => {
  expect(decode({ stats_matcher: { inclusion_list: { patterns: [{ prefix: 'cluster.' }] } } })).toMatchObject({
    ok: true,
    problems: [],
    value: { statsConfig: { matcher: { kind: 'only', patterns: [{ kind: 'prefix', value: 'cluster.' }] } } },
  });
  expect(decode({ stats_matcher: { exclusion_list: { patterns: [{ suffix: '_time' }] } } })).toMatchObject({ value: { statsConfig: { matcher: { kind: 'all-but' } } } });
  expect(decode({ stats_matcher: { reject_all: true } })).toMatchObject({ value: { statsConfig: { matcher: { kind: 'none' } } } });
});

test('tags of its own are accepted and named', () => {
  expect(problemsOf({ stats_tags: [{ tag_name: 'a', regex: '(b)' }], use_all_default_tags: true }).map((text) => text.split(':')[0])).toEqual([
    'warning stats_config.stats_tags',
    'warning stats_config.use_all_default_tags',
  ]);
});

test('lists, expressions and buckets must make sense', () => {
  expect(problemsOf({ stats_matcher: { inclusion_list: {} } })).toEqual(['error stats_config.stats_matcher.inclusion_list.patterns: must have at least one']);
  expect(problemsOf({ stats_matcher: {} })).toEqual([expect.stringMatching(/^error stats_config\.stats_matcher: must have one of reject_all/)]);
  expect(problemsOf({ stats_matcher: { inclusion_list: { patterns: [{ safe_regex: { regex: '(' } }] } } })[0]).toMatch(/patterns\[0\]\.safe_regex\.regex: is "\(", which is no regular expression/);
  expect(problemsOf({ histogram_bucket_settings: [{ match: { prefix: 'http.' }, buckets: [1, 5, 5] }] })).toEqual([
    'error stats_config.histogram_bucket_settings[0].buckets[2]: is 5, must be above the one before it',
  ]);
});
