/**
 * The settings of a client's TLS towards one server, by the name of the setting that says where the server is:
 * `--config-service-ca`, `--config-service-certificate` and `--config-service-key`, `--config-service-server-name`, and the variables
 * that go with them. Read here, and used only where somebody has asked for TLS.
 */
import type { SettingSource, SettingsReader } from './settings-reader.ts';

export interface ClientTlsSettings {
  /** Whose word for the server counts. */
  readonly authority: PemSource;
  /** What the client shows of itself. Absent: nothing, and only a server that does not ask is reached. */
  readonly identity?: { readonly certificate: PemSource; readonly key: PemSource };
  /** The name that the server's certificate must have; empty for the host in its address. */
  readonly serverName: string;
}

/** Where a text in PEM comes from. */
export type PemSource = { readonly kind: 'file'; readonly path: string; readonly setting: string } | { readonly kind: 'inline'; readonly text: string; readonly setting: string };

/**
 * @param server flags begin with it, as in `--config-service`; variables with the same in capitals, as in `SLUICE_CONFIG_SERVICE`
 * @returns undefined when none of them is given: the server is spoken to without TLS
 */
export function readClientTlsSettings(reader: SettingsReader, server: string): ClientTlsSettings | undefined {
  const sourceOf = (word: string) => ({ flag: `${server}-${word}`, variable: `SLUICE_${`${server}-${word}`.replaceAll('-', '_').toUpperCase()}` });
  const sources = { authority: sourceOf('ca'), certificate: sourceOf('certificate'), key: sourceOf('key'), serverName: sourceOf('server-name') };
  // As elsewhere, an empty text is no setting.
  const find = (source: SettingSource) => reader.find(source) || undefined;
  const authority = find(sources.authority);
  const certificate = find(sources.certificate);
  const key = find(sources.key);
  const serverName = find(sources.serverName);
  if ((certificate === undefined) !== (key === undefined)) {
    const [missing, given] = certificate === undefined ? [sources.certificate, sources.key] : [sources.key, sources.certificate];
    reader.report(missing, `is required with --${given.flag}: a certificate is of no use without its key`);
  }
  if (authority === undefined) {
    const given = [certificate && sources.certificate, key && sources.key, serverName && sources.serverName].flatMap((source) => source || []);
    if (given[0]) reader.report(sources.authority, `is required with --${given[0].flag}: TLS is spoken only to a server that an authority vouches for`);
    return undefined;
  }
  return {
    authority: pemSource(authority, sources.authority),
    ...(certificate === undefined || key === undefined ? {} : { identity: { certificate: fileSource(certificate, sources.certificate), key: fileSource(key, sources.key) } }),
    serverName: serverName ?? '',
  };
}

/** Certificates of authorities are no secret, and may stand where no file can be put. */
function pemSource(text: string, source: Required<SettingSource>): PemSource {
  return text.includes('-----BEGIN ') ? { kind: 'inline', text, setting: settingOf(source) } : fileSource(text, source);
}

function fileSource(path: string, source: Required<SettingSource>): PemSource {
  return { kind: 'file', path, setting: settingOf(source) };
}

function settingOf({ flag, variable }: Required<SettingSource>): string {
  return `--${flag} or ${variable}`;
}
