/** TLS towards the hosts of a cluster: what they are shown, what they must show, and sessions to take up again. */
import type { TlsConnectOptions, TlsContext, TlsFacts, TlsTransport } from '@sluice/kernel';
import type { UpstreamTlsContext } from '@sluice/resources';
import type { Report } from './data-files.ts';
import { judgePeer, type PeerRules, type PeerVerdict } from './peer-policy.ts';
import { createRenewed } from './renewed-tls.ts';
import type { Ingredients, Renewed } from './renewed.ts';
import { SessionStore } from './session-store.ts';
import { gatherTls, plainSettings, settingsOf, type TlsIngredients } from './tls-ingredients.ts';
import type { TlsStatistics } from './tls-statistics.ts';
import type { ShownCertificates, TlsSupplies } from './tls-supplies.ts';

/** What one connection wants of it. */
export interface ClientWish {
  /** Asked for; undefined leaves it to the configuration. */
  readonly serverName: string | undefined;
  /** The certificate must be for `serverName`. */
  readonly checksServerName: boolean;
  /** Offered where the configuration names none. */
  readonly alpnProtocols: readonly string[];
  /** They are offered in any case. Default false. */
  readonly overridesAlpn?: boolean;
}

/** What the next connection is made with. */
interface ClientHandshake {
  readonly context: TlsContext;
  readonly rules: PeerRules | undefined;
  readonly sessions: SessionStore;
  readonly certificates: ShownCertificates;
}

/** A handshake that has begun with what was good then, and is judged by it. */
export interface BegunHandshake {
  readonly options: TlsConnectOptions;
  judge(facts: TlsFacts): PeerVerdict;
}

const good: PeerVerdict = { kind: 'good' };

export class ClientTls {
  readonly statistics: TlsStatistics;
  readonly context: UpstreamTlsContext;
  readonly #supplies: TlsSupplies;
  readonly #renewed: Renewed<ClientHandshake>;

  /** What is wrong with it now is reported; what is wrong later is logged. */
  constructor(context: UpstreamTlsContext, statistics: TlsStatistics, supplies: TlsSupplies, report: Report) {
    this.context = context;
    this.#supplies = supplies;
    this.statistics = statistics;
    this.#renewed = createRenewed(supplies, statistics, report, (at) => this.#gather(at));
  }

  get transport(): TlsTransport {
    return this.#supplies.transport;
  }

  /** Undefined while a secret has not come. */
  begin({ serverName = this.context.sni, checksServerName, alpnProtocols, overridesAlpn = false }: ClientWish): BegunHandshake | undefined {
    const handshake = this.#renewed.get();
    if (!handshake) return undefined;
    const { context, rules, sessions } = handshake;
    const configured = this.context.common.alpnProtocols;
    const session = sessions.take(serverName);
    const mustBeFor = serverName !== '' && (checksServerName || this.context.checksSni) ? serverName : undefined;
    let trusted: TlsFacts | undefined;
    return {
      options: {
        context,
        serverName,
        alpnProtocols: configured.length > 0 && !overridesAlpn ? configured : alpnProtocols,
        session,
        onSession: this.context.sessionsMax === 0 ? undefined : (fresh) => {
          if (trusted) sessions.put(serverName, fresh, trusted.version === 'TLSv1.3');
        },
      },
      judge(facts) {
        // Only sessions with hosts that were trusted are remembered, and by the same rules.
        const verdict = facts.isResumed || !rules ? good : judgePeer(rules, facts, mustBeFor);
        trusted = verdict.kind === 'bad' ? undefined : facts;
        return verdict;
      },
    };
  }

  refresh(): void {
    this.#renewed.get();
  }

  certificates(): ShownCertificates {
    return this.#renewed.get()?.certificates ?? { chain: [], roots: [] };
  }

  #gather(report: Report): Ingredients<ClientHandshake> | undefined {
    const ingredients = gatherTls(this.context.common, this.#supplies, report);
    return ingredients && { version: ingredients.version, create: () => this.#create(ingredients) };
  }

  #create({ identities, peer }: TlsIngredients): ClientHandshake {
    const [own] = identities;
    const context = this.#supplies.transport.createContext({
      ...plainSettings,
      side: 'client',
      ...settingsOf(this.context.common.parameters),
      identity: own?.identity,
      trustedCa: peer?.roots.trustedCa,
      usesSystemRoots: peer?.context.usesSystemRoots ?? false,
      crl: peer?.roots.crl,
    });
    return {
      context,
      rules: peer?.rules,
      sessions: new SessionStore(this.context.sessionsMax),
      certificates: { chain: own?.chain ?? [], roots: peer?.roots.roots ?? [] },
    };
  }
}
