/** The `exec` of a kubeconfig's user: which program says who we are. */
import { resolve } from 'node:path';
import type { ClusterAccess, ExecPlugin } from './cluster-access.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface ExecPluginOptions {
  /** Where the kubeconfig is: a command with a slash and no root is meant from there. */
  readonly directory: string;
  /** Told to a plugin that wants to know the cluster. */
  readonly access: Pick<ClusterAccess, 'server' | 'tls'>;
  readonly fail: (found: string) => Error;
}

const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'] as const;

/** @throws what `fail` makes */
export function readExecPlugin(value: unknown, options: ExecPluginOptions): ExecPlugin {
  const fields = isFields(value) ? value : {};
  const command = text(fields, 'command');
  if (command === '') throw options.fail('no command');
  const stated = text(fields, 'apiVersion');
  const apiVersion = VERSIONS.find((version) => version === stated);
  if (apiVersion === undefined) throw options.fail(`apiVersion is "${stated}", must be ${VERSIONS.join(' or ')}`);
  // Nobody sits in front of a controller.
  if (fields['interactiveMode'] === 'Always') throw options.fail('interactiveMode is Always, and there is nobody to ask');
  return {
    apiVersion,
    command: command.includes('/') ? resolve(options.directory, command) : command,
    args: Array.isArray(fields['args']) ? fields['args'].map(String) : [],
    env: environmentOf(fields['env']),
    installHint: text(fields, 'installHint'),
    ...(fields['provideClusterInfo'] === true ? { cluster: clusterInfo(options.access) } : {}),
  };
}

function environmentOf(list: unknown): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const item of Array.isArray(list) ? list : []) {
    if (isFields(item) && text(item, 'name') !== '') environment[text(item, 'name')] = text(item, 'value');
  }
  return environment;
}

function clusterInfo({ server, tls }: Pick<ClusterAccess, 'server' | 'tls'>): Fields {
  return {
    server,
    ...(tls.serverName === undefined ? {} : { 'tls-server-name': tls.serverName }),
    ...(tls.skipVerification ? { 'insecure-skip-tls-verify': true } : {}),
    ...(tls.ca === undefined ? {} : { 'certificate-authority-data': Buffer.from(tls.ca).toString('base64') }),
  };
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
