/** By whose word sidecars believe the config service: certificates that go into the environment of pods, looked at before they do. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { problem, type Checked, type ClientTlsSettings, type Problem } from '@sluice/kernel';

export interface SidecarAuthority {
  /** Certificates in PEM, and nothing else of what may stand around them. */
  readonly certificates: string;
  /** The name that the config service's certificate must have; empty for the host in its address. */
  readonly serverName: string;
}

/** Read once: other certificates are another environment, with which all pods come anew. */
export function readSidecarAuthority({ authority, serverName }: ClientTlsSettings): Checked<SidecarAuthority> {
  const failed = (message: string): { ok: false; problems: readonly Problem[] } => ({ ok: false, problems: [problem(authority.setting, authority.kind === 'file' ? `${authority.path} ${message}` : message)] });
  let text: string;
  try {
    text = authority.kind === 'inline' ? authority.text : readFileSync(authority.path, 'utf8');
  } catch (error) {
    return failed(`cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}); must be the path of a file in PEM`);
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    const certificates = blocks.map((block) => new X509Certificate(block).toString()).join('');
    if (certificates !== '') return { ok: true, value: { certificates, serverName }, problems: [] };
  } catch {
    return failed('holds a certificate that cannot be read; must hold one or more in PEM (-----BEGIN CERTIFICATE-----)');
  }
  return failed('holds no certificate; must hold one or more in PEM (-----BEGIN CERTIFICATE-----)');
}
