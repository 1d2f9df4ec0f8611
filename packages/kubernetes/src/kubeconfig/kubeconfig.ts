/**
 * Kubeconfig files: which cluster, as which user, in which namespace. Certificates and tokens may stand in
 * the file or beside it, and users may call a credential plugin. Not supported, and said so: auth providers and passwords.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { MeshError } from '@sluice/kernel';
import type { ClusterAccess, ClusterTls, TlsFiles } from './cluster-access.ts';
import { readExecPlugin } from './exec-plugin.ts';

export interface KubeconfigOptions {
  /** Several are merged: of two entries with one name the earlier file's counts. At least one must exist. */
  readonly paths: readonly string[];
  /** Default: the `current-context` of the first file that has one. */
  readonly context?: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Something read from a file, with the directory that its relative paths start from. */
interface Entry {
  readonly fields: Fields;
  readonly directory: string;
}

interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
  readonly contexts: ReadonlyMap<string, Entry>;
}

/** @throws MeshError `kubeconfig-invalid` that says which file and entry is wrong */
export async function loadKubeconfig(options: KubeconfigOptions): Promise<ClusterAccess> {
  const config = await readAll(options.paths);
  const contextName = options.context ?? config.currentContext;
  if (contextName === undefined) throw invalid(options.paths, 'no current-context');
  const context = find(options.paths, config.contexts, 'context', contextName);
  const cluster = find(options.paths, config.clusters, 'cluster', text(context.fields, 'cluster'));
  const userName = text(context.fields, 'user');
  const user = userName === '' ? undefined : find(options.paths, config.users, 'user', userName);
  const server = text(cluster.fields, 'server');
  if (!URL.canParse(server))
    throw invalid(options.paths, `cluster ${text(context.fields, 'cluster')}: server is "${server}", not a URL`);
  for (const unsupported of ['auth-provider', 'username']) {
    if (user?.fields[unsupported] === undefined) continue;
    throw invalid(
      options.paths,
      `user ${userName}: ${unsupported} is not supported, use a token, a client certificate or exec`,
    );
  }
  const tls = await readTls(cluster, user);
  const access = { server: server.replace(/\/+$/, ''), tls };
  const files = filesOf(cluster, user);
  const exec = user?.fields['exec'];
  return {
    ...access,
    ...(Object.keys(files).length === 0 ? {} : { tlsFiles: files }),
    ...tokenOf(user),
    ...(exec === undefined ? {} : { exec: readExecPlugin(exec, { directory: user?.directory ?? '', access, fail: (found) => invalid(options.paths, `user ${userName}: exec: ${found}`) }) }),
    namespace: text(context.fields, 'namespace') || 'default',
  };
}

async function readAll(paths: readonly string[]): Promise<Kubeconfig> {
  const { parse } = await import('yaml');
  const config = {
    currentContext: undefined as string | undefined,
    clusters: new Map<string, Entry>(),
    users: new Map<string, Entry>(),
    contexts: new Map<string, Entry>(),
  };
  let found = 0;
  for (const path of paths) {
    const source = await readFile(path, 'utf8').catch(() => undefined);
    if (source === undefined) continue;
    found += 1;
    const file = parseFile(path, source, parse);
    const directory = dirname(path);
    config.currentContext ??= text(file, 'current-context') || undefined;
    collect(config.clusters, file['clusters'], 'cluster', directory);
    collect(config.users, file['users'], 'user', directory);
    collect(config.contexts, file['contexts'], 'context', directory);
  }
  if (found === 0) throw invalid(paths, 'no such file');
  return config;
}

function parseFile(path: string, source: string, parse: (source: string) => unknown): Fields {
  try {
    const file: unknown = parse(source);
    if (isFields(file)) return file;
  } catch (reason) {
    throw invalid([path], reason instanceof Error ? reason.message : String(reason));
  }
  throw invalid([path], 'not a mapping');
}

/** `[{name, [member]: {…}}]` into the map, names that are taken left alone. */
function collect(into: Map<string, Entry>, list: unknown, member: string, directory: string): void {
  if (!Array.isArray(list)) return;
  for (const item of list) {
    if (!isFields(item)) continue;
    const name = text(item, 'name');
    const fields = item[member];
    if (!into.has(name) && isFields(fields)) into.set(name, { fields, directory });
  }
}

function find(paths: readonly string[], entries: ReadonlyMap<string, Entry>, what: string, name: string): Entry {
  const entry = entries.get(name);
  if (!entry) throw invalid(paths, `no ${what} named "${name}"`);
  return entry;
}

async function readTls(cluster: Entry, user: Entry | undefined): Promise<ClusterTls> {
  const ca = await readPem(cluster, 'certificate-authority');
  const certificate = user && (await readPem(user, 'client-certificate'));
  const key = user && (await readPem(user, 'client-key'));
  const serverName = text(cluster.fields, 'tls-server-name');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === '' ? {} : { serverName }),
    ...(cluster.fields['insecure-skip-tls-verify'] === true ? { skipVerification: true } : {}),
  };
}

/** The files behind `readTls`, for those who look at them again. What stands in the kubeconfig itself comes from no file. */
function filesOf(cluster: Entry, user: Entry | undefined): TlsFiles {
  const ca = pathOf(cluster, 'certificate-authority');
  const certificate = user && pathOf(user, 'client-certificate');
  const key = user && pathOf(user, 'client-key');
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(key === undefined ? {} : { key }),
  };
}

function pathOf(entry: Entry, member: string): string | undefined {
  const path = text(entry.fields, member);
  return path === '' || text(entry.fields, `${member}-data`) !== '' ? undefined : resolve(entry.directory, path);
}

/** `<member>-data` in base64, else the file that `<member>` names. */
async function readPem(entry: Entry, member: string): Promise<string | undefined> {
  const data = text(entry.fields, `${member}-data`);
  if (data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const path = pathOf(entry, member);
  return path === undefined ? undefined : readFile(path, 'utf8');
}

function tokenOf(user: Entry | undefined): Pick<ClusterAccess, 'token'> {
  if (!user) return {};
  const path = text(user.fields, 'tokenFile');
  if (path !== '') return { token: { kind: 'file', path: resolve(user.directory, path) } };
  const value = text(user.fields, 'token');
  return value === '' ? {} : { token: { kind: 'value', value } };
}

function text(fields: Fields, member: string): string {
  const value = fields[member];
  return typeof value === 'string' ? value : '';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(paths: readonly string[], found: string): MeshError {
  return new MeshError('kubeconfig-invalid', `read kubeconfig ${paths.join(':')}: ${found}`);
}
