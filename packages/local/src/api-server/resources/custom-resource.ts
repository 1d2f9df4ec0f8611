/** From a CustomResourceDefinition to the kinds it makes, one per served version. */
import type { Json, JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import { SchemaNode } from '../schema/schema-node.ts';
import { applyDefaults } from '../schema/apply-defaults.ts';
import { validateObject } from '../schema/validate.ts';
import { customColumns } from '../tables/custom-columns.ts';
import type { ResourceKind, ScalePaths } from './resource-kind.ts';

/** What a version without a schema means. */
const KEEP_ALL: JsonObject = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Checked by the generic rules, not by the kind's schema. */
const GENERIC_FIELDS = ['apiVersion', 'kind', 'metadata'];

/**
 * @param definition as the server keeps it: complete and valid
 * @param metadata the schema of metadata, which definitions leave out
 */
export function customKinds(definition: JsonObject, metadata: SchemaNode): ResourceKind[] {
  const spec = objectAt(definition, 'spec');
  const versions = listAt(spec, 'versions').filter((one) => isObject(one));
  const stored = versions.find((one) => one['storage'] === true);
  if (!stored) return [];
  const group = textAt(spec, 'group');
  const storedVersion = `${group}/${textAt(stored, 'name')}`;
  return versions.filter((one) => one['served'] === true).map((version) => customKind(spec, version, storedVersion, metadata));
}

function customKind(spec: JsonObject, version: JsonObject, storedVersion: string, metadata: SchemaNode): ResourceKind {
  const group = textAt(spec, 'group');
  const names = objectAt(spec, 'names');
  const plural = textAt(names, 'plural');
  const apiVersion = `${group}/${textAt(version, 'name')}`;
  const raw = objectAt(version, 'schema')['openAPIV3Schema'];
  const schema = new SchemaNode(isObject(raw) ? raw : KEEP_ALL, undefined, { metadata });
  const subresources = objectAt(version, 'subresources');
  const selectable = listAt(version, 'selectableFields');
  return {
    group,
    version: textAt(version, 'name'),
    apiVersion,
    kind: textAt(names, 'kind'),
    listKind: textAt(names, 'listKind'),
    plural,
    singular: textAt(names, 'singular'),
    shortNames: listAt(names, 'shortNames').map(String),
    categories: listAt(names, 'categories').map(String),
    namespaced: textAt(spec, 'scope') === 'Namespaced',
    custom: true,
    storedAs: `${group}/${plural}`,
    storedVersion,
    conversion: apiVersion === storedVersion ? undefined : renameVersion(apiVersion, storedVersion),
    schema,
    hasStatus: isObject(subresources['status']),
    scale: scaleOf(subresources['scale']),
    hasLogs: false,
    hasTokens: false,
    selectableFields: selectable.map((one) => textAt(isObject(one) ? one : undefined, 'jsonPath').replace(/^\./, '')),
    answersDeletedObject: false,
    columns: customColumns(version),
    rules: {
      nameRule: 'subdomain',
      hasGeneration: true,
      complete(object) {
        applyDefaults(object, schema);
      },
      validate: (object) => validateObject(object, schema, GENERIC_FIELDS),
    },
  };
}

function scaleOf(scale: Json | undefined): ScalePaths | undefined {
  if (!isObject(scale)) return undefined;
  const selector = textAt(scale, 'labelSelectorPath');
  return {
    specReplicasPath: textAt(scale, 'specReplicasPath'),
    statusReplicasPath: textAt(scale, 'statusReplicasPath'),
    labelSelectorPath: selector === '' ? undefined : selector,
  };
}

/** Conversion strategy None: versions differ in nothing but their name. */
function renameVersion(served: string, stored: string): ResourceKind['conversion'] {
  return {
    toStored: (object) => ({ ...object, apiVersion: stored }),
    fromStored: (object) => ({ ...object, apiVersion: served }),
  };
}
