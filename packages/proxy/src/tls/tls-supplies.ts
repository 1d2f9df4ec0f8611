/** What contexts are made with: the network's TLS, and where secrets and files come from. */
import type { Logger, TlsTransport } from '@sluice/kernel';
import type { Secret, SecretReference } from '@sluice/resources';
import type { RegexEngine } from '../router/regex-engine.ts';
import type { DataFiles, Report } from './data-files.ts';
import type { ShownCertificate } from './tls-material.ts';

export interface TlsSupplies {
  readonly transport: TlsTransport;
  readonly files: DataFiles;
  readonly regexEngine: RegexEngine;
  /** Undefined while it has not come; one that can never come is reported. */
  readonly secretOf: (reference: SecretReference, path: string, report: Report) => HeldSecret | undefined;
  /** Another number whenever a secret or a file has changed. */
  readonly generation: () => number;
  readonly logger: Logger;
}

/** A secret with the hash of its content. */
export interface HeldSecret {
  readonly version: string;
  readonly value: Secret;
}

/** Certificates of one context, for dumps. */
export interface ShownCertificates {
  readonly chain: readonly ShownCertificate[];
  readonly roots: readonly ShownCertificate[];
}
