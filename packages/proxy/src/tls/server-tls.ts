/** TLS towards the clients of a filter chain: which certificate they are shown, and what is asked of theirs. */
import type { TlsAcceptOptions, TlsContext, TlsServerSessions, TlsTransport } from '@sluice/kernel';
import type { DownstreamTlsContext } from '@sluice/resources';
import type { Report } from './data-files.ts';
import type { PeerRules } from './peer-policy.ts';
import { createRenewed } from './renewed-tls.ts';
import type { Ingredients, Renewed } from './renewed.ts';
import { commonNameOf, subjectNamesOf } from './subject-names.ts';
import { gatherTls, plainSettings, settingsOf, type TlsIngredients } from './tls-ingredients.ts';
import { hash, type IdentityMaterial } from './tls-material.ts';
import type { TlsStatistics } from './tls-statistics.ts';
import type { ShownCertificates, TlsSupplies } from './tls-supplies.ts';

/** What the next handshake is done with. */
export interface ServerHandshake {
  readonly options: TlsAcceptOptions;
  /** Undefined: clients need not show anything that can be trusted. */
  readonly rules: PeerRules | undefined;
  readonly certificates: ShownCertificates;
}

/** What a ticket key must at least have, in bytes, as Envoy asks for. */
const ticketKeyBytesMin = 80;

export class ServerTls {
  readonly statistics: TlsStatistics;
  readonly #context: DownstreamTlsContext;
  readonly #supplies: TlsSupplies;
  readonly #renewed: Renewed<ServerHandshake>;

  /** What is wrong with it now is reported; what is wrong later is logged. */
  constructor(context: DownstreamTlsContext, statistics: TlsStatistics, supplies: TlsSupplies, report: Report) {
    this.#context = context;
    this.#supplies = supplies;
    this.statistics = statistics;
    this.#renewed = createRenewed(supplies, statistics, report, (at) => this.#gather(at));
  }

  get transport(): TlsTransport {
    return this.#supplies.transport;
  }

  /** Undefined while a secret has not come. */
  handshake(): ServerHandshake | undefined {
    return this.#renewed.get();
  }

  refresh(): void {
    this.#renewed.get();
  }

  certificates(): ShownCertificates {
    return this.#renewed.get()?.certificates ?? { chain: [], roots: [] };
  }

  #gather(report: Report): Ingredients<ServerHandshake> | undefined {
    const ingredients = gatherTls(this.#context.common, this.#supplies, report);
    const ticketKeys = this.#ticketKeys(report);
    if (!ingredients || !ticketKeys) return undefined;
    if (this.#context.ocspStaplePolicy !== 'LENIENT_STAPLING' && ingredients.identities.some(({ identity }) => !identity.ocspStaple)) {
      report('ocsp_staple_policy', `is ${this.#context.ocspStaplePolicy}, but a certificate has no ocsp_staple`);
      return undefined;
    }
    return { version: hash(ingredients.version, ...ticketKeys), create: () => this.#create(ingredients, ticketKeys) };
  }

  #create({ identities, peer }: TlsIngredients, ticketKeys: readonly Uint8Array[]): ServerHandshake {
    const { common, requiresClientCertificate, sessionTimeoutMs, prefersClientCiphers, sessionTickets } = this.#context;
    const sessions: TlsServerSessions | undefined = sessionTickets.kind === 'disabled' ? undefined : {
      // Who is let in by other rules has to come in anew.
      scope: hash(peer?.roots.version ?? '', String(requiresClientCertificate)),
      ticketKeys,
      timeoutSeconds: sessionTimeoutMs === undefined ? undefined : Math.ceil(sessionTimeoutMs / 1000),
    };
    const contexts = identities.map(({ identity }) =>
      this.#supplies.transport.createContext({
        ...plainSettings,
        ...settingsOf(common.parameters),
        prefersOwnCiphers: !prefersClientCiphers,
        identity,
        trustedCa: peer?.roots.trustedCa,
        usesSystemRoots: peer?.context.usesSystemRoots ?? false,
        crl: peer?.roots.crl,
        sessions,
      }),
    );
    const [first] = contexts;
    if (!first) throw new TypeError('there is no certificate to show');
    const choose = contexts.length > 1 ? createChooser(identities, contexts) : undefined;
    return {
      options: {
        context: first,
        contextFor: choose,
        alpnProtocols: common.alpnProtocols,
        clientCertificate: requiresClientCertificate ? 'required' : peer ? 'asked' : 'not-asked',
      },
      rules: peer?.rules,
      certificates: { chain: identities.flatMap(({ chain }) => chain), roots: peer?.roots.roots ?? [] },
    };
  }

  /** Undefined while they have not come, and after a report. */
  #ticketKeys(report: Report): readonly Uint8Array[] | undefined {
    const { sessionTickets } = this.#context;
    if (sessionTickets.kind === 'automatic' || sessionTickets.kind === 'disabled') return [];
    const secret = sessionTickets.kind === 'secret' ? this.#supplies.secretOf(sessionTickets.secret, 'session_ticket_keys_sds_secret_config', report) : undefined;
    if (sessionTickets.kind === 'secret' && !secret) return undefined;
    if (secret && secret.value.kind !== 'session_ticket_keys') {
      report('session_ticket_keys_sds_secret_config', `names a ${secret.value.kind}, must be session_ticket_keys`);
      return undefined;
    }
    const sources = sessionTickets.kind === 'keys' ? sessionTickets.keys : secret?.value.kind === 'session_ticket_keys' ? secret.value.keys : [];
    const keys = sources.map((source, index) => {
      const at = `session_ticket_keys.keys[${index}]`;
      const key = this.#supplies.files.bytes(source, at, report);
      if (key && key.length < ticketKeyBytesMin) report(at, `has ${key.length} bytes, must have ${ticketKeyBytesMin}`);
      return key;
    });
    return keys.every((key) => key !== undefined && key.length >= ticketKeyBytesMin) ? (keys as readonly Uint8Array[]) : undefined;
  }
}

/** By DNS names, or by common names where there are none; exact ones before wildcards; the first certificate for all others. */
function createChooser(identities: readonly IdentityMaterial[], contexts: readonly TlsContext[]): (serverName: string) => TlsContext {
  const exact = new Map<string, TlsContext>();
  const wildcards = new Map<string, TlsContext>();
  for (const [index, { leaf }] of identities.entries()) {
    const names = subjectNamesOf(leaf).flatMap(({ type, value }) => (type === 'DNS' ? [value.toLowerCase()] : []));
    const all = names.length > 0 ? names : [commonNameOf(leaf)?.toLowerCase() ?? ''];
    for (const name of all) {
      const names = name.startsWith('*.') ? wildcards : exact;
      const key = name.startsWith('*.') ? name.slice(1) : name;
      if (!names.has(key)) names.set(key, contexts[index] as TlsContext);
    }
  }
  return (serverName) => {
    const name = serverName.toLowerCase();
    const dot = name.indexOf('.');
    return exact.get(name) ?? (dot > 0 ? wildcards.get(name.slice(dot)) : undefined) ?? (contexts[0] as TlsContext);
  };
}
