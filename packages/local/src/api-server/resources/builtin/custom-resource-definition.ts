/** CustomResourceDefinition: the kind that makes kinds. */
import type { JsonObject } from '../../json.ts';
import { ensureObject, equalJson, isObject, listAt, objectAt, textAt } from '../../json.ts';
import type { Cause } from '../../status-error.ts';
import { NAME_COLUMN } from '../../tables/column.ts';
import { CREATED_COLUMN } from '../../tables/created-column.ts';
import type { BuiltinKind } from './kind-template.ts';
import { fallback } from './pod-defaults.ts';
import { badValue, notSupported, required } from './pod-validation.ts';

export const CUSTOM_RESOURCE_DEFINITION: BuiltinKind = {
  group: 'apiextensions.k8s.io',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  hasStatus: true,
  answersDeletedObject: true,
  columns: [NAME_COLUMN, CREATED_COLUMN],
  rules: {
    hasGeneration: true,
    complete(definition) {
      const spec = ensureObject(definition, 'spec');
      const names = ensureObject(spec, 'names');
      const kind = textAt(names, 'kind');
      if (kind !== '') {
        fallback(names, 'singular', kind.toLowerCase());
        fallback(names, 'listKind', `${kind}List`);
      }
      fallback(spec, 'conversion', { strategy: 'None' });
    },
    prepareCreate(definition) {
      const stored = listAt(objectAt(definition, 'spec'), 'versions').filter((one) => isObject(one) && one['storage'] === true);
      definition['status'] = {
        conditions: null,
        acceptedNames: { plural: '', kind: '' },
        storedVersions: stored.map((one) => textAt(isObject(one) ? one : undefined, 'name')),
      };
    },
    validate: validateDefinition,
    validateUpdate(next, previous) {
      const causes: Cause[] = [];
      for (const field of ['group', 'scope'] as const) {
        const value = objectAt(next, 'spec')[field];
        if (!equalJson(value, objectAt(previous, 'spec')[field])) {
          causes.push(badValue(`spec.${field}`, JSON.stringify(value ?? null), 'field is immutable'));
        }
      }
      return causes;
    },
  },
};

function validateDefinition(definition: JsonObject): Cause[] {
  const causes: Cause[] = [];
  const spec = objectAt(definition, 'spec');
  const names = objectAt(spec, 'names');
  const name = textAt(objectAt(definition, 'metadata'), 'name');
  for (const field of ['plural', 'kind'] as const) {
    if (textAt(names, field) === '') causes.push(required(`spec.names.${field}`));
  }
  if (textAt(spec, 'group') === '') causes.push(required('spec.group'));
  if (name !== `${textAt(names, 'plural')}.${textAt(spec, 'group')}`) {
    causes.push(badValue('metadata.name', JSON.stringify(name), 'must be spec.names.plural+"."+spec.group'));
  }
  const scope = textAt(spec, 'scope');
  if (scope !== 'Cluster' && scope !== 'Namespaced') causes.push(notSupported('spec.scope', scope, ['Cluster', 'Namespaced']));
  const versions = listAt(spec, 'versions').filter((one) => isObject(one));
  if (versions.filter((one) => one['storage'] === true).length !== 1) {
    causes.push(badValue('spec.versions', `${versions.length} versions`, 'must have exactly one version marked as storage version'));
  }
  for (const [index, version] of versions.entries()) {
    const schema = objectAt(version, 'schema')['openAPIV3Schema'];
    const path = `spec.versions[${index}].schema.openAPIV3Schema`;
    if (!isObject(schema)) causes.push(required(path, 'schemas are required'));
    else if (schema['type'] !== 'object') {
      causes.push(badValue(`${path}.type`, JSON.stringify(schema['type'] ?? ''), 'must be object at the root'));
    }
  }
  const conversion = textAt(objectAt(spec, 'conversion'), 'strategy');
  if (conversion !== 'None') {
    causes.push(badValue('spec.conversion.strategy', JSON.stringify(conversion), 'only None is offered by the embedded server'));
  }
  return causes;
}
