/**
 * Everything that is made of certificates, in one place: it knows the secrets and files they come from, and makes sure that
 * a handshake always uses the newest good ones. Connections that are open keep what they began with.
 */
import { MeshError, type Logger, type TlsContextSettings, type TlsTransport } from '@sluice/kernel';
import type { DownstreamTlsContext, Secret, UpstreamTlsContext } from '@sluice/resources';
import type { RegexEngine } from '../router/regex-engine.ts';
import type { FileAccess } from '../data-sources.ts';
import { DataFiles, type Report } from './data-files.ts';
import { ClientTls } from './client-tls.ts';
import { ServerTls } from './server-tls.ts';
import { plainSettings } from './tls-ingredients.ts';
import { readIdentity, readRoots } from './tls-material.ts';
import type { TlsStatistics } from './tls-statistics.ts';
import type { HeldSecret, ShownCertificates, TlsSupplies } from './tls-supplies.ts';

export interface TlsRegistryOptions {
  /** Undefined: this network speaks no TLS. */
  readonly transport: TlsTransport | undefined;
  readonly files: FileAccess;
  readonly regexEngine: RegexEngine;
  readonly logger: Logger;
  readonly secretOf: (name: string) => HeldSecret | undefined;
  /** A file that something is made of has changed. */
  readonly onFilesChanged?: () => void;
}

export class TlsRegistry {
  readonly #options: TlsRegistryOptions;
  readonly #files: DataFiles;
  readonly #supplies: TlsSupplies | undefined;
  /** What is in use somewhere; what nobody holds any more goes by itself. */
  readonly #live = new Set<WeakRef<ServerTls | ClientTls>>();
  #secretsGeneration = 0;

  constructor(options: TlsRegistryOptions) {
    this.#options = options;
    this.#files = new DataFiles(options.files, () => this.#onFilesChanged());
    this.#supplies = options.transport && {
      transport: options.transport,
      files: this.#files,
      regexEngine: options.regexEngine,
      secretOf({ name, configSource }, path, report) {
        const held = options.secretOf(name);
        if (!held && !configSource) report(path, `names secret ${name}, which the bootstrap does not have`);
        return held;
      },
      generation: () => this.generation,
      logger: options.logger,
    };
  }

  /** Another number whenever a secret or a file has changed. */
  get generation(): number {
    return this.#secretsGeneration + this.#files.generation;
  }

  /** Undefined, and reported, where no TLS can be spoken. What is wrong with the material itself is reported too. */
  server(context: DownstreamTlsContext, statistics: TlsStatistics, report: Report): ServerTls | undefined {
    const supplies = this.#suppliesOr(report);
    return supplies && this.#keep(new ServerTls(context, statistics, supplies, report));
  }

  client(context: UpstreamTlsContext, statistics: TlsStatistics, report: Report): ClientTls | undefined {
    const supplies = this.#suppliesOr(report);
    return supplies && this.#keep(new ClientTls(context, statistics, supplies, report));
  }

  /** What is wrong with a secret by itself. */
  checkSecret(secret: Secret, report: Report): void {
    switch (secret.kind) {
      case 'tls_certificate': {
        const material = readIdentity(secret.certificate, 'tls_certificate', this.#files, report);
        if (material) this.#try({ ...plainSettings, identity: material.identity }, 'tls_certificate', report);
        return;
      }
      case 'validation_context':
        readRoots(secret.validation, 'validation_context', this.#files, report);
        return;
      case 'session_ticket_keys':
        for (const [index, key] of secret.keys.entries()) this.#files.bytes(key, `session_ticket_keys.keys[${index}]`, report);
        return;
      case 'generic_secret':
    }
  }

  /** Secrets have changed: what is made of them is made anew now, so that what is wrong with them is said now. */
  onSecretsChanged(): void {
    this.#secretsGeneration += 1;
    this.#refresh();
  }

  /** Of everything in use. */
  certificates(): readonly ShownCertificates[] {
    return this.#held().map((one) => one.certificates());
  }

  stop(): void {
    this.#files.stop();
  }

  #onFilesChanged(): void {
    this.#refresh();
    this.#options.onFilesChanged?.();
  }

  #refresh(): void {
    for (const one of this.#held()) one.refresh();
  }

  #held(): readonly (ServerTls | ClientTls)[] {
    const held: (ServerTls | ClientTls)[] = [];
    for (const reference of this.#live) {
      const one = reference.deref();
      if (one) held.push(one);
      else this.#live.delete(reference);
    }
    return held;
  }

  #keep<T extends ServerTls | ClientTls>(made: T): T {
    this.#live.add(new WeakRef(made));
    return made;
  }

  #try(settings: TlsContextSettings, path: string, report: Report): void {
    try {
      this.#supplies?.transport.createContext(settings);
    } catch (reason) {
      report(path, MeshError.from(reason).message);
    }
  }

  #suppliesOr(report: Report): TlsSupplies | undefined {
    if (!this.#supplies) report('', 'asks for TLS, which this network does not speak');
    return this.#supplies;
  }
}
