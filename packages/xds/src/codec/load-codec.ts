/** The descriptors that are generated at install time, loaded when somebody asks. */
import { createCodec, type Codec } from './codec.ts';
import type { DescriptorJson } from './descriptor.ts';

/**
 * How much a codec knows. `load` is what a sidecar reports with (21 messages, 8 KB); `core` adds discovery and all
 * resources (about 170 KB); `proxy` adds the filters and other extensions that only other control planes send; `admin` adds
 * to that bootstrap files and dumps.
 */
export type CodecScope = 'load' | 'core' | 'proxy' | 'admin';

const modules = {
  load: () => import('../gen/load.js'),
  core: () => import('../gen/core.js'),
  extensions: () => import('../gen/extensions.js'),
  admin: () => import('../gen/admin.js'),
} as const;

const scopes: Readonly<Record<CodecScope, readonly (keyof typeof modules)[]>> = {
  load: ['load'],
  core: ['load', 'core'],
  proxy: ['load', 'core', 'extensions'],
  admin: ['load', 'core', 'extensions', 'admin'],
};

/** Loads the descriptors of the scope and makes a codec of them. */
export async function loadCodec(scope: CodecScope): Promise<Codec> {
  return createCodec(await loadDescriptors(scope));
}

/** The descriptors of the scope themselves. */
export async function loadDescriptors(scope: CodecScope): Promise<readonly DescriptorJson[]> {
  const sources = await Promise.all(scopes[scope].map((name) => modules[name]()));
  return sources.map(({ descriptorText }) => JSON.parse(descriptorText) as DescriptorJson);
}
