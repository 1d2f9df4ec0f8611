/** Operators that look facts up: metadata of the stream, its route, cluster and host, and filter state. */
import type { Metadata, Struct } from '@sluice/resources';
import type { FieldReader, FieldValue, FormatSource, Operators } from './format-source.ts';

type Facts = (source: FormatSource, namespace: string) => Struct | undefined;

const ofStream: Facts = ({ info }, namespace) => info.dynamicMetadata?.get(namespace);
const ofCluster: Facts = ({ info }, namespace) => named(info.clusterMetadata, namespace);
const ofHost: Facts = ({ info }, namespace) => named(info.upstreamMetadata, namespace);
const ofRoute: Facts = ({ route }, namespace) => route?.metadata?.get(namespace);
const ofVirtualHost: Facts = ({ route }, namespace) => named(route?.virtualHostMetadata, namespace);

export const metadataOperators: Operators = {
  DYNAMIC_METADATA: (argument) => lookUp(argument, ofStream),
  CLUSTER_METADATA: (argument) => lookUp(argument, ofCluster),
  UPSTREAM_METADATA: (argument) => lookUp(argument, ofHost),
  METADATA: metadata,
  FILTER_STATE: filterState,
};

const byType: Readonly<Record<string, Facts>> = {
  DYNAMIC: ofStream,
  CLUSTER: ofCluster,
  UPSTREAM_HOST: ofHost,
  ROUTE: ofRoute,
  VIRTUAL_HOST: ofVirtualHost,
};

/** `METADATA(TYPE:namespace:key…)`. */
function metadata(argument: string | undefined): FieldReader | string {
  const colon = argument?.indexOf(':') ?? -1;
  const facts = byType[colon === -1 ? '' : (argument ?? '').slice(0, colon)];
  if (!facts) return `has METADATA(${argument ?? ''}), must begin with one of ${Object.keys(byType).join(', ')}`;
  return lookUp(argument?.slice(colon + 1), facts);
}

/** `namespace:key:key`: a whole namespace, or what stands under the keys in it. */
function lookUp(argument: string | undefined, facts: Facts): FieldReader | string {
  const [namespace = '', ...keys] = (argument ?? '').split(':');
  if (namespace === '') return 'has a metadata operator that names no namespace';
  return (source) => {
    let value: unknown = facts(source, namespace);
    for (const key of keys) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Struct)[key];
    }
    return fieldOf(value);
  };
}

function fieldOf(value: unknown): FieldValue {
  if (value === null || value === undefined) return undefined;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'object' ? value : String(value);
}

/** `FILTER_STATE(key:PLAIN)`; what filters leave are texts, so all of Envoy's ways to write them are the same. */
function filterState(argument: string | undefined): FieldReader | string {
  const [key = '', format = 'TYPED'] = (argument ?? '').split(':');
  if (key === '') return 'has FILTER_STATE without a key';
  if (!['PLAIN', 'TYPED', 'FIELD'].includes(format)) return `has FILTER_STATE(${argument ?? ''}), its format must be PLAIN, TYPED or FIELD`;
  return ({ info }) => info.filterState?.get(key);
}

function named(facts: Metadata | undefined, namespace: string): Struct | undefined {
  return facts !== undefined && Object.hasOwn(facts, namespace) ? facts[namespace] : undefined;
}
