import { expect, test } from 'vitest';
import { startFilterProxy, type FilterFixture } from '../../testing/index.ts';

const type = 'type.googleapis.com/envoy.extensions.filters.http';
const value = (object_key: string, inline_string: string, more: object = {}): object => ({ object_key, format_string: { text_format_source: { inline_string } }, ...more });

/** Behind it stands a filter that lets pass whose state `who` is `ann`. */
function start(...values: object[]): Promise<FilterFixture> {
  const state = { filter_state: { key: 'who', string_match: { exact: 'ann' } } };
  const policies = { ann: { permissions: [{ any: true }], principals: [state] } };
  return startFilterProxy({
    filters: [
      { name: 'state', typed_config: { '@type': `${type}.set_filter_state.v3.Config`, on_request_headers: values } },
      { name: 'rbac', typed_config: { '@type': `${type}.rbac.v3.RBAC`, rules: { policies } } },
    ],
  });
}

test('what is made of a request is there for the filters behind', async () => {
  await using proxy = await start(value('who', '%REQ(x-user)%', { factory_key: 'envoy.string' }));
  expect([(await proxy.request({ headers: { 'x-user': 'ann' } })).status, (await proxy.request()).status]).toEqual([200, 403]);
});

test('nothing need not be left', async () => {
  const empty = { object_key: 'who', format_string: { text_format_source: { inline_string: '%REQ(x-user)%' }, omit_empty_values: true }, skip_if_empty: true };
  await using proxy = await start(value('who', 'ann'), empty);
  expect((await proxy.request()).status).toBe(200);
});

test('mistakes are told', async () => {
  await expect(start(value('who', '%NOTHING%'))).rejects.toThrow(/on_request_headers\[0\]\.format_string: has %NOTHING%, which is not known/);
  await expect(start({ object_key: 'a' })).rejects.toThrow(/on_request_headers\[0\]\.format_string: is required/);
});
