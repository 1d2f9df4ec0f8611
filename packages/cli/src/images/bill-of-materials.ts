/**
 * What an image is made of, as a CycloneDX document (1.6, JSON): the packages whose files the bundler really took, and the Node that runs
 * them. The same input gives the same text, so it carries neither a serial number nor a time.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

interface Package {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

export interface Image {
  readonly name: string;
  readonly version: string;
  /** Without `v`. */
  readonly nodeVersion: string;
  /** Files that were bundled from `node_modules`, absolute. */
  readonly inputs: Iterable<string>;
}

/** @throws Error when a file belongs to no package */
export function billOfMaterials({ name, version, nodeVersion, inputs }: Image): string {
  const packages = new Map<string, Package>();
  for (const file of inputs) {
    const found = packageOf(file);
    packages.set(`${found.name}@${found.version}`, found);
  }
  const libraries = [...packages.values()].sort((a, b) => (a.name === b.name ? (a.version < b.version ? -1 : 1) : a.name < b.name ? -1 : 1)).map(libraryOf);
  const node = { type: 'application', name: 'node', version: nodeVersion, purl: `pkg:generic/node@${nodeVersion}`, licenses: [{ license: { id: 'MIT' } }] };
  const component = { type: 'application', 'bom-ref': `sluice-${name}`, name: `sluice-${name}`, version };
  return `${JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata: { component }, components: [...libraries, node] }, undefined, 2)}\n`;
}

function libraryOf({ name, version, license }: Package) {
  // The at sign of a scope is escaped: purl specification, type npm.
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type: 'library', 'bom-ref': purl, name, version, purl, licenses: [/^[\w.-]+$/.test(license) ? { license: { id: license } } : { expression: license }] };
}

/** By the nearest `package.json` that has a name: some packages put others into folders, to say of which kind their modules are. */
function packageOf(file: string): Package {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const found = readPackage(join(folder, 'package.json'));
    if (found?.name !== undefined && found.version !== undefined) return { name: found.name, version: found.version, license: found.license ?? 'NOASSERTION' };
  }
  throw new Error(`${file} belongs to no package`);
}

function readPackage(path: string): Partial<Package> | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Partial<Package>;
  } catch {
    return undefined;
  }
}
