/** Whether a request meets a requirement, with the tokens it brings. */
import type { RequestHead } from '@sluice/http';
import { missing, type JwtFailure } from './jwt-failure.ts';
import type { AcceptedToken, JwtProvider } from './jwt-provider.ts';
import type { JwtRequirement } from './jwt-requirement.ts';

/** Accepted, with the tokens that made it so; or refused. */
export type JwtJudgement =
  | {
      readonly isAccepted: true;
      readonly tokens: readonly AcceptedToken[];
      /** Why a token was not good, where that was allowed. */
      readonly forgiven?: JwtFailure;
    }
  | { readonly isAccepted: false; readonly failure: JwtFailure };

const accepted: JwtJudgement = { isAccepted: true, tokens: [] };
const refusedAsMissing: JwtJudgement = { isAccepted: false, failure: missing };

/** For requests without any token: nothing need be verified, and nobody waits. */
export function judgeWithoutTokens(requirement: JwtRequirement): JwtJudgement {
  switch (requirement.kind) {
    case 'provider':
      return refusedAsMissing;
    case 'any':
      return requirement.requirements.map(judgeWithoutTokens).find(({ isAccepted }) => isAccepted) ?? refusedAsMissing;
    case 'all':
      return requirement.requirements.map(judgeWithoutTokens).find(({ isAccepted }) => !isAccepted) ?? accepted;
    case 'allow_missing':
    case 'allow_missing_or_failed':
      return accepted;
  }
}

export class JwtJudge {
  readonly #providers: ReadonlyMap<string, JwtProvider>;

  constructor(providers: ReadonlyMap<string, JwtProvider>) {
    this.#providers = providers;
  }

  async judge(requirement: JwtRequirement, request: RequestHead): Promise<JwtJudgement> {
    switch (requirement.kind) {
      case 'provider': {
        const provider = this.#providers.get(requirement.name);
        return provider ? this.#judgeProvider(provider, request, requirement.audiences) : refusedAsMissing;
      }
      case 'any':
        return this.#judgeAny(requirement.requirements, request);
      case 'all':
        return this.#judgeAll(requirement.requirements, request);
      case 'allow_missing':
        return this.#judgePresent(request);
      case 'allow_missing_or_failed': {
        const present = await this.#judgePresent(request);
        return present.isAccepted ? present : { isAccepted: true, tokens: [], forgiven: present.failure };
      }
    }
  }

  /** All tokens at the provider's places must be good. */
  async #judgeProvider(provider: JwtProvider, request: RequestHead, audiences: readonly string[]): Promise<JwtJudgement> {
    const found = provider.tokensIn(request);
    if (found.length === 0) return refusedAsMissing;
    const tokens: AcceptedToken[] = [];
    for (const one of found) {
      const verified = await provider.verify(one, audiences);
      if ('message' in verified) return { isAccepted: false, failure: verified };
      tokens.push(verified);
    }
    return { isAccepted: true, tokens };
  }

  /** Of several failures that of a token says more than that there was none. */
  async #judgeAny(requirements: readonly JwtRequirement[], request: RequestHead): Promise<JwtJudgement> {
    let judgement: JwtJudgement = refusedAsMissing;
    for (const requirement of requirements) {
      const next = await this.judge(requirement, request);
      if (next.isAccepted) return next;
      if (next.failure !== missing) judgement = next;
    }
    return judgement;
  }

  async #judgeAll(requirements: readonly JwtRequirement[], request: RequestHead): Promise<JwtJudgement> {
    const tokens: AcceptedToken[] = [];
    for (const requirement of requirements) {
      const next = await this.judge(requirement, request);
      if (!next.isAccepted) return next;
      tokens.push(...next.tokens);
    }
    return { isAccepted: true, tokens };
  }

  /** Whatever token is there must be good in the eyes of some provider. */
  async #judgePresent(request: RequestHead): Promise<JwtJudgement> {
    let judgement: JwtJudgement = accepted;
    for (const provider of this.#providers.values()) {
      const next = await this.#judgeProvider(provider, request, []);
      if (next.isAccepted) return next;
      if (next.failure !== missing) judgement = next;
    }
    return judgement;
  }
}
