import { expect, test } from 'vitest';
import type { ConfigUpdate } from './config-source.ts';
import { pathSourceProblems, takeWithoutPathSources } from './refuse-path-sources.ts';

const byFile = { name: 'x', eds_cluster_config: { eds_config: { path_config_source: { path: '/etc/endpoints.yaml' } } } };
const byStream = { name: 'y', eds_cluster_config: { eds_config: { ads: {} } } };

test('every place that names a file as a source is told, and no other field by such a name', () => {
  const listener = {
    filter_chains: [{ filters: [{ typed_config: { rds: { config_source: { path: '/etc/routes.yaml' }, route_config_name: 'a' }, access_log: [{ typed_config: { path: '/dev/stdout' } }] } }] }],
    default_filter_chain: { transport_socket: { typed_config: { common_tls_context: { tls_certificate_sds_secret_configs: [{ sds_config: { path_config_source: { path: 'a' } } }] } } } },
  };
  expect(pathSourceProblems(listener).map(({ path }) => path)).toEqual([
    'filter_chains[0].filters[0].typed_config.rds.config_source.path',
    'default_filter_chain.transport_socket.typed_config.common_tls_context.tls_certificate_sds_secret_configs[0].sds_config.path_config_source',
  ]);
  expect(pathSourceProblems(byStream)).toEqual([]);
});

test('such a resource is refused, and the others of the update are taken with what they have against them', () => {
  const taken: ConfigUpdate[] = [];
  const update: ConfigUpdate = { typeUrl: 'type', version: '1', removed: ['z'], changed: [byFile, byStream].map((value) => ({ name: value.name, version: '1', value })) };
  const refused = takeWithoutPathSources(update, {
    onUpdate(rest) {
      taken.push(rest);
      return [{ name: 'y', problems: [] }];
    },
  });
  expect(refused.map(({ name }) => name)).toEqual(['x', 'y']);
  expect(taken).toEqual([{ ...update, changed: [{ name: 'y', version: '1', value: byStream }] }]);
});
