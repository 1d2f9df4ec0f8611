/**
 * Sources in files are named by files: what a bootstrap and its files name is followed. What a config service sends comes from
 * another machine, and may not have this one read its files: such a resource is refused, where Envoy would read them.
 */
import { problem, type Problem } from '@sluice/kernel';
import type { ConfigConsumer, ConfigUpdate, RejectedResource } from './config-source.ts';

/** Fields that hold an `envoy.config.core.v3.ConfigSource` in resources that we know. */
const sourceFields: ReadonlySet<string> = new Set(['eds_config', 'sds_config', 'config_source', 'lds_config', 'cds_config']);

/** Each place in a resource, in canonical JSON, where it names a file as a source. */
export function pathSourceProblems(value: unknown, path = ''): readonly Problem[] {
  if (Array.isArray(value)) return value.flatMap((element, index) => pathSourceProblems(element, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    const at = path === '' ? key : `${path}.${key}`;
    if (!sourceFields.has(key) || typeof inner !== 'object' || inner === null) return pathSourceProblems(inner, at);
    return ['path_config_source', 'path'].filter((name) => name in inner).map((name) => problem(`${at}.${name}`, 'is a file, which a resource of a config service may not name as a source'));
  });
}

/** Takes an update for `consumer`, except for resources that name files as sources. */
export function takeWithoutPathSources(update: ConfigUpdate, consumer: Pick<ConfigConsumer, 'onUpdate'>): readonly RejectedResource[] {
  const refused = update.changed.flatMap(({ name, value }): RejectedResource[] => {
    const problems = pathSourceProblems(value);
    return problems.length === 0 ? [] : [{ name, problems }];
  });
  if (refused.length === 0) return consumer.onUpdate(update);
  const names = new Set(refused.map(({ name }) => name));
  return [...refused, ...consumer.onUpdate({ ...update, changed: update.changed.filter(({ name }) => !names.has(name)) })];
}
