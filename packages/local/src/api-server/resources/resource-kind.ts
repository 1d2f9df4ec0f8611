/** What the server knows about one kind in one version: its names, its schema, its rules and its columns. */
import type { Random } from '@sluice/kernel';
import type { JsonObject } from '../json.ts';
import type { SchemaNode } from '../schema/schema-node.ts';
import type { Cause } from '../status-error.ts';
import type { Column } from '../tables/column.ts';
import type { NameRule } from './names.ts';

export interface ResourceKind {
  readonly group: string;
  readonly version: string;
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly listKind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** Names for several kinds at once: `all`, `knative`. */
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** From a CustomResourceDefinition: no strategic merge, sorted keys, a schema that defaults and prunes. */
  readonly custom: boolean;
  /** `<group>/<plural>` under which the objects are kept; two kinds may share it through `conversion`. */
  readonly storedAs: string;
  /** The apiVersion that objects are kept in. */
  readonly storedVersion: string;
  readonly conversion: Conversion | undefined;
  readonly schema: SchemaNode;
  readonly hasStatus: boolean;
  readonly scale: ScalePaths | undefined;
  /** Has `/log`. */
  readonly hasLogs: boolean;
  /** Has `/token`. */
  readonly hasTokens: boolean;
  /** Field paths that lists can be selected by, besides `metadata.name` and `metadata.namespace`. */
  readonly selectableFields: readonly string[];
  /** DELETE answers with the object that was, not with a Status. */
  readonly answersDeletedObject: boolean;
  readonly rules: KindRules;
  readonly columns: readonly Column[];
}

/** Between the form a kind is kept in and the one it is served in. Both may return their argument. */
export interface Conversion {
  toStored(object: JsonObject): JsonObject;
  fromStored(object: JsonObject): JsonObject;
}

/** Where a scale's numbers stand, as dotted paths like `.spec.replicas`. */
export interface ScalePaths {
  readonly specReplicasPath: string;
  readonly statusReplicasPath: string;
  /** A text field that holds a label selector, or for built-in kinds the selector object itself. */
  readonly labelSelectorPath: string | undefined;
}

/** What a rule may look at besides the object. */
export interface RuleContext {
  readonly random: Random;
  /** RFC 3339 with whole seconds. */
  readonly timestamp: string;
  /** All stored objects of `<group>/<plural>`. */
  list(storedAs: string): readonly JsonObject[];
}

/** The steps that differ from kind to kind. All may change the object they are given in place. */
export interface KindRules {
  readonly nameRule: NameRule;
  /** `metadata.generation` counts changes of everything but metadata and status. */
  readonly hasGeneration: boolean;
  /** Fills in what clients rely on finding. Runs on every write, so it must be idempotent. */
  complete?(object: JsonObject): void;
  prepareCreate?(object: JsonObject, context: RuleContext): void;
  prepareUpdate?(next: JsonObject, previous: JsonObject): void;
  validate?(object: JsonObject): Cause[];
  validateUpdate?(next: JsonObject, previous: JsonObject): Cause[];
}

/** `deployments.apps` or `pods`: how errors and finalizers name a resource. */
export function resourceSubject(kind: ResourceKind, name?: string): { group: string; kind: string; name?: string } {
  return name === undefined ? { group: kind.group, kind: kind.plural } : { group: kind.group, kind: kind.plural, name };
}

/** As `resourceSubject`, with the Kind: refused objects are named so. */
export function kindSubject(kind: ResourceKind, name: string): { group: string; kind: string; name: string } {
  return { group: kind.group, kind: kind.kind, name };
}
