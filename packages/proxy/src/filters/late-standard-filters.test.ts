import { expect, test } from 'vitest';
import type { FilterFactory } from './filter.ts';
import { lateStandardFilters } from './late-standard-filters.ts';
import { lateFilter, loadFilters } from './late-filter.ts';
import { routerFactory } from './router/router-factory.ts';
import { standardFilters } from './standard-filters.ts';

const namesOf = ({ name, typeUrl, perRoute, isTerminal }: FilterFactory) => ({ name, typeUrl, perRoute: perRoute?.typeUrl, isTerminal });

test('late filters are called as the filters they stand for', () => {
  expect(lateStandardFilters.map(namesOf)).toEqual(standardFilters.map(namesOf));
});

test('what is loaded has the names that it was found by', async () => {
  await loadFilters(lateStandardFilters);
  for (const { typeUrl, decode } of lateStandardFilters) expect(decode({ no_such_field: 1 }, typeUrl, { unknownFields: 'error' }).problems).not.toEqual([]);
});

test.each([
  ['as a message', { http_filters: [{ typed_config: { '@type': 'type.googleapis.com/a.Filter' } }] }],
  ['inside a TypedStruct', { typed_config: { '@type': 'type.googleapis.com/xds.type.v3.TypedStruct', type_url: 'type.googleapis.com/a.Filter', value: {} } }],
  ['by a route', { routes: [{ typed_per_filter_config: { a: { '@type': 'type.googleapis.com/a.PerRoute' } } }] }],
])('a filter is loaded when it is named %s', async (_, json) => {
  let loads = 0;
  const late = lateFilter({ name: 'a', type: 'a.Filter', perRouteType: 'a.PerRoute' }, () => {
    loads += 1;
    return Promise.resolve(routerFactory);
  });
  await loadFilters([late], { listeners: [{ name: 'a.Filter' }] });
  expect(loads).toBe(0);
  await loadFilters([late], json);
  await loadFilters([late], json);
  expect(loads).toBe(1);
});

test('using one that is not loaded is a mistake of the program', () => {
  const late = lateFilter({ name: 'a', type: 'a.Filter' }, () => Promise.resolve(routerFactory));
  expect(() => late.decode({}, '')).toThrow('a is used before it is loaded');
});
