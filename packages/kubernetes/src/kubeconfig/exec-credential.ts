/** Calls a credential plugin and reads what it says: an ExecCredential (client.authentication.k8s.io) on its standard output. */
import { execFile } from 'node:child_process';
import { MeshError } from '@sluice/kernel';
import type { ExecPlugin } from './cluster-access.ts';

/** Who we are, for as long as the plugin says. */
export interface ExecCredential {
  readonly token: string | undefined;
  /** PEM, both or neither. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  /** In ms since the epoch; undefined: until the server refuses it. */
  readonly expiresAt: number | undefined;
}

/** Chosen: long enough for a plugin that asks a distant service twice, short enough that nobody takes it for hung. */
const pluginTimeoutMs = 60_000;

/** A credential is a token or a certificate chain with its key; nothing near this. */
const outputBytesMax = 1024 * 1024;

/** @throws MeshError `kubernetes-exec-credential` that says which program failed, and how */
export async function runExecPlugin(plugin: ExecPlugin, environment: Readonly<Record<string, string | undefined>>): Promise<ExecCredential> {
  return readCredential(plugin, await run(plugin, environment));
}

function run(plugin: ExecPlugin, environment: Readonly<Record<string, string | undefined>>): Promise<string> {
  const info = {
    kind: 'ExecCredential',
    apiVersion: plugin.apiVersion,
    // There is no terminal to ask anybody on.
    spec: { interactive: false, ...(plugin.cluster === undefined ? {} : { cluster: plugin.cluster }) },
  };
  const env = { ...environment, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
  return new Promise((resolve, reject) => {
    const options = { env, timeout: pluginTimeoutMs, maxBuffer: outputBytesMax, encoding: 'utf8' } as const;
    const child = execFile(plugin.command, [...plugin.args], options, (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else reject(failure(plugin, `${error.code === 'ENOENT' ? missing(plugin) : error.message}${said(stderr)}`, error));
    });
    child.stdin?.end();
  });
}

function readCredential(plugin: ExecPlugin, output: string): ExecCredential {
  let parsed: unknown;
  try {
    parsed = JSON.parse(output);
  } catch (reason) {
    throw failure(plugin, 'its output is no JSON', reason);
  }
  const credential = fieldsOf(parsed);
  if (credential['kind'] !== 'ExecCredential' || credential['apiVersion'] !== plugin.apiVersion) {
    throw failure(plugin, `it answered with ${text(credential, 'kind')} ${text(credential, 'apiVersion')} instead of ExecCredential ${plugin.apiVersion}`);
  }
  const status = fieldsOf(credential['status']);
  const token = text(status, 'token') || undefined;
  const certificate = text(status, 'clientCertificateData') || undefined;
  const key = text(status, 'clientKeyData') || undefined;
  if (token === undefined && certificate === undefined) throw failure(plugin, 'its answer holds neither a token nor a certificate');
  if ((certificate === undefined) !== (key === undefined)) throw failure(plugin, 'its answer holds a certificate without a key, or a key without one');
  const expiry = text(status, 'expirationTimestamp');
  const expiresAt = expiry === '' ? undefined : Date.parse(expiry);
  if (Number.isNaN(expiresAt)) throw failure(plugin, `its answer expires at ${JSON.stringify(expiry)}, which is no time`);
  return { token, certificate, key, expiresAt };
}

function missing(plugin: ExecPlugin): string {
  return `there is no such program${plugin.installHint === '' ? '' : `; ${plugin.installHint.trim()}`}`;
}

/** The last words of a program are for people, and never credentials by its contract. */
function said(stderr: string): string {
  const text = stderr.trim();
  return text === '' ? '' : `: ${text.slice(-500)}`;
}

function failure(plugin: ExecPlugin, found: string, cause?: unknown): MeshError {
  return new MeshError('kubernetes-exec-credential', `ask ${plugin.command} for credentials: ${found}`, { cause });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function text(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}
