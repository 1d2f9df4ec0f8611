/** What the translator makes of each of its features has to go through the wire's codec, which knows the fields of the published protos. */
import { readdirSync, readFileSync } from 'node:fs';
import { build, previewObjects, type ServingObject } from '@sluice/serving';
import { defaultTranslateOptions, translate } from '@sluice/translator';
import { createSnapshot, loadCodec } from '@sluice/xds';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

const folder = new URL('../../../packages/translator/testdata/', import.meta.url);
const features = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

test.each(features)('the resources of %s can be encoded, and are the same when they arrive', async (feature) => {
  const codec = await loadCodec('core');
  const objects = parseAllDocuments(readFileSync(new URL(feature, folder), 'utf8'))
    .map((document) => document.toJS() as ServingObject | null)
    .filter((object) => object !== null);
  const preview = previewObjects(objects, () => []);
  for (const resources of Object.values(translate(build(preview.objects, { config: preview.config }), defaultTranslateOptions))) {
    const made = createSnapshot(resources, codec);
    if (!made.ok) throw new Error(JSON.stringify(made.problems));
    for (const [typeUrl, set] of made.snapshot.types) {
      const messageName = typeUrl.slice(typeUrl.indexOf('/') + 1);
      for (const { name, encoded } of set.resources.values()) {
        const arrived = codec.decode(messageName, encoded.value);
        if (!arrived.ok) throw new Error(`${name}: ${JSON.stringify(arrived.problems)}`);
        const again = codec.encode(messageName, arrived.value.value);
        expect(again.ok && Buffer.compare(again.value, encoded.value), name).toBe(0);
      }
    }
  }
});
