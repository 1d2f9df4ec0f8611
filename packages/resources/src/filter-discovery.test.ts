import { expect, it } from 'vitest';
import { Scope } from './decode/scope.ts';
import { decodeExtensionConfig } from './extension-config.ts';
import { readHttpFilter } from './http-filter.ts';
import { routerFilterTypeName } from './router-filter.ts';

const buffer = 'envoy.extensions.filters.http.buffer.v3.Buffer';
const cors = 'envoy.extensions.filters.http.cors.v3.Cors';
const url = (name: string) => `type.googleapis.com/${name}`;
const options = { extensions: { httpFilters: { [buffer]: (json: unknown) => json, [cors]: (json: unknown) => json } } };

function read(config_discovery: object, more: object = {}) {
  const scope = Scope.open('filter', options);
  const filter = readHttpFilter({ name: 'limits', config_discovery, ...more }, scope);
  return { filter, problems: scope.problems.map(({ severity, path }) => `${severity} ${path}`) };
}

const good = { config_source: { ads: {}, initial_fetch_timeout: '3s' }, type_urls: [url(buffer)] };

it('reads where settings come from, and what they may be', () => {
  const { filter, problems } = read({ ...good, default_config: { '@type': url(buffer), max_request_bytes: 5 }, apply_default_config_without_warming: true }, { disabled: true });
  expect(problems).toEqual([]);
  expect(filter).toEqual({
    name: 'limits',
    disabled: true,
    typeName: '',
    config: undefined,
    discovery: {
      source: { kind: 'ads', initialFetchTimeoutMs: 3000 },
      typeNames: [buffer],
      fallback: { typeName: buffer, config: { '@type': url(buffer), max_request_bytes: 5 } },
      isAwaited: false,
    },
  });
});

it('lets the listener wait unless it is told otherwise', () => {
  expect(read(good).filter?.discovery).toMatchObject({ isAwaited: true, fallback: undefined });
});

it.each([
  ['no source', { type_urls: [url(buffer)] }, {}, 'error filter.config_discovery.config_source'],
  ['no types', { config_source: { ads: {} } }, {}, 'error filter.config_discovery.type_urls'],
  ['a type that there is not', { ...good, type_urls: [url('a.B')] }, {}, 'error filter.config_discovery.type_urls[0].@type'],
  ['the router', { ...good, type_urls: [url(routerFilterTypeName)] }, {}, 'error filter.config_discovery.type_urls[0]'],
  ['a default of another type', { ...good, default_config: { '@type': url(cors) } }, {}, 'error filter.config_discovery.default_config.@type'],
  ['a default to apply that there is not', { ...good, apply_default_config_without_warming: true }, {}, 'error filter.config_discovery.apply_default_config_without_warming'],
  ['two kinds of settings', good, { typed_config: { '@type': url(buffer) } }, 'error filter'],
  ['a field that there is not', { ...good, names: [] }, {}, 'error filter.config_discovery.names'],
])('refuses %s', (_title, discovery, more, problem) => {
  expect(read(discovery, more).problems).toContain(problem);
});

it('leaves out what is optional and of no known type', () => {
  expect(read({ ...good, type_urls: [url('a.B')] }, { is_optional: true })).toEqual({ filter: undefined, problems: ['warning filter.config_discovery.type_urls[0]'] });
});

it('reads settings that come by themselves', () => {
  const read = decodeExtensionConfig({ name: 'limits', typed_config: { '@type': url(buffer), max_request_bytes: 5 } }, '', options);
  expect(read.ok && read.value).toMatchObject({ name: 'limits', typeName: buffer });
  const unknown = decodeExtensionConfig({ name: 'limits', typed_config: { '@type': url('a.B') } }, '', options);
  expect(unknown.problems.map(({ path }) => path)).toEqual(['typed_config.@type']);
});
