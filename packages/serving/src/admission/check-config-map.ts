/** What is wrong with a ConfigMap that somebody writes, so that it can be refused before anybody reads it. */
import { crc32 } from 'node:zlib';
import { problem, type Problem } from '@sluice/kernel';
import type { ConfigData } from '../config/config-reader.ts';
import type { ConfigMapReaders } from '../config/config-store.ts';

/** Knative's ConfigMaps explain themselves here. */
const exampleKey = '_example';
const checksumAnnotation = 'knative.dev/example-checksum';

interface ConfigMapView {
  readonly metadata?: { readonly name?: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: ConfigData;
}

/** @param readers by name; maps of other names are not judged */
export function checkConfigMap(readers: ConfigMapReaders, { metadata = {}, data = {} }: ConfigMapView): Problem[] {
  const { name = '', annotations = {} } = metadata;
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (!reader) return [];
  const checked = reader.read(data);
  return [...checkExample(data[exampleKey], annotations[checksumAnnotation]), ...(checked.ok ? [] : checked.problems)];
}

/**
 * Whoever changes an example has most likely meant to change what it is an example of.
 * https://github.com/knative/pkg/blob/main/configmap/hash-gen
 */
function checkExample(example: string | undefined, checksum: string | undefined): Problem[] {
  if (example === undefined || checksum === undefined) return [];
  const actual = crc32(example.trim()).toString(16).padStart(8, '0');
  if (actual === checksum) return [];
  return [
    problem(
      '',
      `the update modifies a key in "${exampleKey}" which is probably not what you want. Instead, copy the respective setting to the top-level of the ConfigMap, directly below "data"`,
    ),
  ];
}
