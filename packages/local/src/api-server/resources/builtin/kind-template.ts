/** The form in which built-in kinds are written down: only what differs from the usual is said. */
import type { BuiltinSchemas } from '../../schema/builtin-schemas.ts';
import { AGE_COLUMN, NAME_COLUMN } from '../../tables/column.ts';
import type { KindRules, ResourceKind } from '../resource-kind.ts';

export type BuiltinKind = Pick<ResourceKind, 'kind' | 'plural'> &
  Partial<Omit<ResourceKind, 'schema' | 'rules' | 'custom'>> & { readonly rules?: Partial<KindRules> };

/** Fills a built-in kind up: version v1, namespaced, no subresources, columns Name and Age. */
export function builtinKind(schemas: BuiltinSchemas, kind: BuiltinKind): ResourceKind {
  const group = kind.group ?? '';
  const version = kind.version ?? 'v1';
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const { rules, ...stated } = kind;
  return {
    group,
    version,
    apiVersion,
    listKind: `${kind.kind}List`,
    singular: kind.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    custom: false,
    storedAs: `${group}/${kind.plural}`,
    storedVersion: apiVersion,
    conversion: undefined,
    schema: schemas.of(group, version, kind.kind),
    hasStatus: false,
    scale: undefined,
    hasLogs: false,
    hasTokens: false,
    selectableFields: [],
    answersDeletedObject: false,
    columns: [NAME_COLUMN, AGE_COLUMN],
    ...stated,
    rules: { nameRule: 'subdomain', hasGeneration: false, ...rules },
  };
}
