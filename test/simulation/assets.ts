/** What every run needs and no run changes, read once. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesObject } from '@sluice/kubernetes';
import { loadRegexEngine, type RegexEngine } from '@sluice/proxy';
import { loadCodec, type Codec } from '@sluice/xds';
import { parse } from 'yaml';

export interface MeshAssets {
  /** CustomResourceDefinitions of the product, as its chart has them. */
  readonly definitions: readonly KubernetesObject[];
  readonly codec: Codec;
  readonly regexEngine: RegexEngine;
}

const definitionsFolder = join(import.meta.dirname, '../../charts/sluice-crds/templates');

export async function loadMeshAssets(): Promise<MeshAssets> {
  const names = (await readdir(definitionsFolder)).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(definitionsFolder, name), 'utf8')));
  const [codec, regexEngine] = await Promise.all([loadCodec('core'), loadRegexEngine()]);
  return { definitions: texts.map((text) => parse(text) as KubernetesObject), codec, regexEngine };
}
