/**
 * Objects in, resources out: one feature per file under testdata, `<feature>.yaml` and `<feature>.golden`. Goldens are
 * rewritten by `vitest run packages/translator -u` and reviewed as text; they leave out what is there without any object.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { formatProblem } from '@sluice/kernel';
import {
  decodeCluster,
  decodeClusterLoadAssignment,
  decodeListener,
  decodeRouteConfiguration,
  decodeSecret,
  decodeVirtualHost,
  typeUrls,
} from '@sluice/resources';
import { build, previewObjects, type Preview, type ServingModel, type ServingObject } from '@sluice/serving';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';

import { defaultTranslateOptions, translate, translateOrSayWhy, type TranslatedGroups } from './index.ts';
import { sampleModel } from './testing/index.ts';

const folder = new URL('../testdata/', import.meta.url);
const features = readdirSync(folder).filter((file) => file.endsWith('.yaml')).map((file) => file.slice(0, -'.yaml'.length));

/** Under which domain there is an outside. */
const domain: ServingObject & { readonly data: object } = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'config-domain', namespace: 'sluice-system' },
  data: { 'example.com': '' },
};

function previewOf(feature: string): Preview {
  const documents = parseAllDocuments(readFileSync(new URL(`${feature}.yaml`, folder), 'utf8'));
  const objects = documents.map((document) => document.toJS() as ServingObject | null).filter((object) => object !== null);
  return previewObjects([domain, ...objects], () => []);
}

function modelOf(feature: string): ServingModel {
  const { objects, config } = previewOf(feature);
  return build(objects, { config });
}

test.each(features)('%s', async (feature) => {
  expect(previewOf(feature)).toMatchObject({ problems: [], ignored: [] });
  const model = modelOf(feature);
  const { groups, problems } = translateOrSayWhy(model, defaultTranslateOptions);
  const said = [
    ...model.problems.map(({ kind, namespace, name, problem }) => `# ${kind} ${namespace}/${name}: ${formatProblem(problem)}\n`),
    ...[...problems].flatMap(([route, found]) => found.map((problem) => `# left out: ${route}: ${formatProblem(problem)}\n`)),
  ];
  const resources = asText(feature === 'no-routes' ? groups : beyondNothing(groups));
  await expect(said.join('') + resources).toMatchFileSnapshot(`../testdata/${feature}.golden`);
});

describe('whatever the feature', () => {
  test.each(features)('a proxy of ours can use the resources of %s', (feature) => {
    const groups = translate(modelOf(feature), defaultTranslateOptions);
    for (const resource of [...groups['sluice-gateway'], ...groups['sluice-activator']]) {
      const decoded = decoders[resource.typeUrl]?.(resource.value);
      expect(decoded, `${resource.typeUrl} ${resource.name}`).toMatchObject({ ok: true, problems: [] });
    }
  });
});

/** The activator brings the decoder of its own filter. */
const activatorFilterName = 'sluice.filters.http.activator.v1.Activator';
const tlsInspectorName = 'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector';
const accepted = (config: unknown) => config;

const decoders: Readonly<Record<string, (json: unknown) => unknown>> = {
  [typeUrls.listener]: (json) => decodeListener(json, '', { extensions: { httpFilters: { [activatorFilterName]: accepted }, listenerFilters: { [tlsInspectorName]: accepted } } }),
  [typeUrls.routeConfiguration]: (json) => decodeRouteConfiguration(json),
  [typeUrls.virtualHost]: (json) => decodeVirtualHost(json),
  [typeUrls.cluster]: (json) => decodeCluster(json),
  [typeUrls.clusterLoadAssignment]: (json) => decodeClusterLoadAssignment(json),
  [typeUrls.secret]: (json) => decodeSecret(json),
};

/** Without what is the same when there is nothing to serve. */
function beyondNothing(groups: TranslatedGroups): TranslatedGroups {
  const nothing = translate(sampleModel(), defaultTranslateOptions);
  const isNew = (group: keyof TranslatedGroups) => {
    const known = new Set(nothing[group].map((resource) => JSON.stringify(resource)));
    return groups[group].filter((resource) => !known.has(JSON.stringify(resource)));
  };
  return { ...groups, 'sluice-gateway': isNew('sluice-gateway'), 'sluice-activator': isNew('sluice-activator') };
}

function asText(groups: TranslatedGroups): string {
  return Object.entries(groups)
    .flatMap(([group, resources]) =>
      resources.map(({ typeUrl, name, value }) => `--- # ${group}: ${typeUrl.slice(typeUrl.lastIndexOf('.') + 1)} ${name}\n${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}`),
    )
    .join('');
}
