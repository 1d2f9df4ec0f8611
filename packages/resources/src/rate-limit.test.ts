import { expect, test } from 'vitest';
import { decodeDocument } from './decode/decode-document.ts';
import { readRateLimit } from './rate-limit.ts';

const decode = (json: object) => decodeDocument(json, '', undefined, readRateLimit);
const actionOf = (action: object): unknown => {
  const decoded = decode({ actions: [action] });
  return decoded.ok ? decoded.value.actions[0] : decoded.problems.map(({ path, message }) => `${path}: ${message}`);
};

test('a limit has its stage, its actions and what else counts', () => {
  const override = { dynamic_metadata: { metadata_key: { key: 'limits', path: [{ key: 'mine' }] } } };
  expect(decode({ stage: 2, disable_key: 'a', actions: [{ remote_address: {} }], limit: override, hits_addend: { number: 5 } })).toMatchObject({
    value: { stage: 2, actions: [{ kind: 'remote_address' }], limitOverride: { key: 'limits', path: ['mine'] }, hitsAddend: 5 },
    problems: [{ path: 'disable_key', severity: 'warning' }],
  });
});

test.each([
  [{ generic_key: { descriptor_value: 'a' } }, { kind: 'generic_key', key: 'generic_key', value: 'a' }],
  [{ masked_remote_address: { v4_prefix_mask_len: 24 } }, { kind: 'masked_remote_address', v4PrefixBits: 24, v6PrefixBits: 128 }],
  [{ request_headers: { header_name: 'X-A', descriptor_key: 'a' } }, { kind: 'request_headers', name: 'x-a', key: 'a', skipIfAbsent: false }],
  [{ header_value_match: { descriptor_value: 'a', expect_match: false, headers: [{ name: 'b' }] } }, { kind: 'header_value_match', key: 'header_match', value: 'a', expectMatch: false }],
  [{ dynamic_metadata: { descriptor_key: 'a', metadata_key: { key: 'b', path: [{ key: 'c' }] } } }, { kind: 'metadata', source: 'dynamic', key: 'a' }],
])('%j is an action', (json, action) => {
  expect(actionOf(json)).toMatchObject(action);
});

test.each([
  [{}, 'actions[0]: must have one of source_cluster'],
  [{ generic_key: {} }, 'actions[0].generic_key.descriptor_value: is required'],
  [{ header_value_match: { descriptor_value: 'a' } }, 'actions[0].header_value_match.headers: is required'],
  [{ extension: { name: 'a' } }, 'actions[0].extension: is not supported'],
  [{ metadata: { descriptor_key: 'a', metadata_key: { key: 'b' } } }, 'actions[0].metadata.metadata_key.path: is required'],
])('%j is none', (json, problem) => {
  expect(actionOf(json)).toEqual([expect.stringContaining(problem)]);
});
