import { describe, expect, test } from 'vitest';
import { decodeRouteConfiguration } from './route-configuration.ts';

const wrapper = 'type.googleapis.com/envoy.config.route.v3.FilterConfig';
const policy = { '@type': 'type.googleapis.com/test.Policy', strictness: 3 };
const options = { extensions: { httpFilters: {}, perFilterConfigs: { 'test.Policy': (json: unknown) => ({ read: (json as typeof policy).strictness }) } } };

/** What the table says to the filter `guard`, or what is wrong with it. */
function decode(config: unknown): unknown {
  const checked = decodeRouteConfiguration({ name: 'r', typed_per_filter_config: { guard: config } }, '', options);
  return checked.ok ? checked.value.perFilterConfigs.get('guard') : checked.problems.map(({ path, message }) => `${path}: ${message}`);
}

const settings = { typeName: 'test.Policy', config: { read: 3 } };

describe('typed_per_filter_config', () => {
  test('is decoded by its type, bare, wrapped or as a TypedStruct', () => {
    const struct = { '@type': 'type.googleapis.com/xds.type.v3.TypedStruct', type_url: policy['@type'], value: { strictness: 3 } };
    for (const config of [policy, { '@type': wrapper, config: policy }, struct]) expect(decode(config)).toEqual({ disabled: false, settings });
  });

  test('switches a filter on without settings, or off, whatever the settings are', () => {
    expect(decode({ '@type': wrapper, config: {} })).toEqual({ disabled: false, settings: undefined });
    expect(decode({ '@type': wrapper, disabled: true, config: { '@type': 'type.googleapis.com/test.Unknown' } })).toEqual({ disabled: true, settings: undefined });
  });

  test('of an unknown type is a problem unless it is optional', () => {
    const unknown = { '@type': 'type.googleapis.com/test.Unknown' };
    expect(decode(unknown)).toEqual(['typed_per_filter_config.guard.@type: is test.Unknown, which is not known; known are test.Policy']);
    expect(decode({ '@type': wrapper, config: unknown })).toEqual(['typed_per_filter_config.guard.config.@type: is test.Unknown, which is not known; known are test.Policy']);
    expect(decode({ '@type': wrapper, is_optional: true, config: unknown })).toEqual({ disabled: false, settings: undefined });
  });

  test('must say something', () => {
    expect(decode({ '@type': wrapper })).toEqual(['typed_per_filter_config.guard.config: is required; an empty one switches the filter on']);
    expect(decode({})).toEqual(['typed_per_filter_config.guard.@type: is required: the type of this config, as type.googleapis.com/…']);
    expect(decode([])).toEqual(['typed_per_filter_config.guard: is a list, must be an object']);
  });

  test('stands at every level', () => {
    const perFilter = { typed_per_filter_config: { guard: policy } };
    const clusters = [{ name: 'a', weight: 1, ...perFilter }];
    const routes = [{ match: { prefix: '/' }, route: { weighted_clusters: { clusters } }, ...perFilter }];
    const checked = decodeRouteConfiguration({ name: 'r', virtual_hosts: [{ name: 'v', domains: ['*'], routes, ...perFilter }] }, '', options);
    const entry = { perFilterConfigs: new Map([['guard', { disabled: false, settings }]]) };
    expect(checked).toMatchObject({ ok: true, value: { virtualHosts: [{ ...entry, routes: [{ ...entry, action: { target: { weighted: { clusters: [entry] } } } }] }] } });
  });
});
