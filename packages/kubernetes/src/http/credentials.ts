/**
 * Who we are and whom we trust, as of now. Files are looked at once a minute, because whoever rotates them leaves time; a plugin is
 * asked again shortly before its credential expires, and when the server refuses it.
 */
import { readFile } from 'node:fs/promises';
import type { Clock } from '@sluice/kernel';
import type { ClusterAccess, ClusterTls } from '../kubeconfig/cluster-access.ts';
import { runExecPlugin, type ExecCredential } from '../kubeconfig/exec-credential.ts';

export interface Credentials {
  readonly tls: ClusterTls;
  readonly token: string | undefined;
  /** Changes when `tls` does: connections made under another one are not used any more. */
  readonly tlsVersion: number;
}

/** Files are replaced well before what they hold expires; once a minute is how often client-go looks. In ms. */
const filesMaxAgeMs = 60_000;

/** A credential that is about to expire would do so under way. In ms; chosen. */
const renewBeforeExpiryMs = 10_000;

/** A server that refuses everything must not have a program started for every request. In ms; chosen. */
const pluginPauseMs = 5_000;

export class CredentialSource {
  readonly #access: ClusterAccess;
  readonly #clock: Clock;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  #readAt: number | undefined;
  #files: { readonly tls: ClusterTls; readonly token: string | undefined };
  #plugin: { readonly credential: ExecCredential; readonly askedAt: number } | undefined;
  #reading: Promise<Credentials> | undefined;
  #present: Credentials;

  constructor(access: ClusterAccess, clock: Clock, environment: Readonly<Record<string, string | undefined>>) {
    this.#access = access;
    this.#clock = clock;
    this.#environment = environment;
    this.#files = { tls: access.tls, token: access.token?.kind === 'value' ? access.token.value : undefined };
    this.#present = { ...this.#files, tlsVersion: 0 };
  }

  /** The present credentials. Several who ask at once cause one look. @throws when a file cannot be read or the plugin fails */
  async read(): Promise<Credentials> {
    if (this.#isFresh()) return this.#present;
    this.#reading ??= this.#look().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /**
   * The server has refused them (401).
   * @returns whether asking again may bring others
   */
  refuse(): boolean {
    const { exec, token } = this.#access;
    if (exec) {
      if (this.#plugin && this.#clock.now() - this.#plugin.askedAt < pluginPauseMs) return false;
      this.#plugin = undefined;
      return true;
    }
    if (token?.kind !== 'file') return false;
    const isOld = this.#readAt !== undefined && this.#clock.now() > this.#readAt;
    this.#readAt = undefined;
    return isOld;
  }

  #isFresh(): boolean {
    const { tlsFiles, token, exec } = this.#access;
    const hasFiles = tlsFiles !== undefined || token?.kind === 'file';
    if (hasFiles && (this.#readAt === undefined || this.#clock.now() - this.#readAt >= filesMaxAgeMs)) return false;
    if (!exec) return true;
    const expiresAt = this.#plugin?.credential.expiresAt;
    return this.#plugin !== undefined && (expiresAt === undefined || this.#clock.wallTime() < expiresAt - renewBeforeExpiryMs);
  }

  async #look(): Promise<Credentials> {
    await this.#readFiles();
    await this.#askPlugin();
    const said = this.#plugin?.credential;
    const tls = said?.certificate === undefined || said.key === undefined ? this.#files.tls : { ...this.#files.tls, certificate: said.certificate, key: said.key };
    const isSame = isSameTls(tls, this.#present.tls);
    this.#present = { tls, token: said?.token ?? this.#files.token, tlsVersion: isSame ? this.#present.tlsVersion : this.#present.tlsVersion + 1 };
    return this.#present;
  }

  async #readFiles(): Promise<void> {
    const { tls, tlsFiles = {}, token } = this.#access;
    if (this.#readAt !== undefined && this.#clock.now() - this.#readAt < filesMaxAgeMs) return;
    const read = async (path: string | undefined, otherwise: string | undefined) => (path === undefined ? otherwise : readFile(path, 'utf8'));
    const [ca, certificate, key] = [await read(tlsFiles.ca, tls.ca), await read(tlsFiles.certificate, tls.certificate), await read(tlsFiles.key, tls.key)];
    const text = token?.kind === 'file' ? (await readFile(token.path, 'utf8')).trim() : token?.value;
    this.#files = {
      tls: {
        ...tls,
        ...(ca === undefined ? {} : { ca }),
        ...(certificate === undefined ? {} : { certificate }),
        ...(key === undefined ? {} : { key }),
      },
      token: text,
    };
    this.#readAt = this.#clock.now();
  }

  async #askPlugin(): Promise<void> {
    const { exec } = this.#access;
    if (!exec) return;
    const expiresAt = this.#plugin?.credential.expiresAt;
    if (this.#plugin && (expiresAt === undefined || this.#clock.wallTime() < expiresAt - renewBeforeExpiryMs)) return;
    const credential = await runExecPlugin(exec, this.#environment);
    this.#plugin = { credential, askedAt: this.#clock.now() };
  }
}

function isSameTls(a: ClusterTls, b: ClusterTls): boolean {
  return a.ca === b.ca && a.certificate === b.certificate && a.key === b.key;
}
