/** The descriptors that are generated at install time, loaded when somebody asks. */
import { createCodec, type Codec } from './codec.ts';
import type { DescriptorJson } from './descriptor.ts';

/**
 * How much a codec knows. `load` is what a sidecar reports with (21 messages, 8 KB); `core` adds discovery and all
 * resources (about 170 KB); `admin` adds bootstrap files and dumps.
 */
export type CodecScope = 'load' | 'core' | 'admin';

const modules = {
  load: () => import('../gen/load.js'),
  core: () => import('../gen/core.js'),
  admin: () => import('../gen/admin.js'),
} as const;

const scopes: Readonly<Record<CodecScope, readonly CodecScope[]>> = {
  load: ['load'],
  core: ['load', 'core'],
  admin: ['load', 'core', 'admin'],
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
