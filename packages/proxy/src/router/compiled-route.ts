/** One route, compiled: whether a request matches it, and which of its prepared answers the request gets. */
import type { RequestHead } from '@sluice/http';
import type { Random } from '@sluice/kernel';
import type { Route } from '@sluice/resources';
import type { RouteMatch } from '../route-match.ts';
import type { CompileSession } from './compile-session.ts';
import { compileHeadTests, type HeadTest } from './head-test.ts';
import { compilePathMatch, matchesEveryPath, type PathTest } from './path-test.ts';

/** Chooses among the prepared answers of a route. */
export type ChooseMatch = (head: RequestHead, random: Random) => RouteMatch;

export class CompiledRoute {
  readonly #path: PathTest;
  readonly #tests: readonly HeadTest[];
  readonly #fractionRatio: number | undefined;
  readonly choose: ChooseMatch;
  /** Whether it takes every request, so that routes behind it are never reached. */
  readonly takesEverything: boolean;

  constructor({ match }: Route, choose: ChooseMatch, path: string, session: CompileSession) {
    this.#path = compilePathMatch(match, `${path}.match`, session);
    this.#tests = compileHeadTests(match, `${path}.match`, session);
    this.#fractionRatio = match.fractionRatio;
    this.choose = choose;
    this.takesEverything = matchesEveryPath(match) && this.#tests.length === 0 && match.fractionRatio === undefined;
  }

  /** `pathEnd` is where the path ends and the query begins. */
  matches(head: RequestHead, pathEnd: number, random: Random): boolean {
    if (!this.#path(head.path, pathEnd)) return false;
    const tests = this.#tests;
    for (let index = 0; index < tests.length; index += 1) if (!(tests[index] as HeadTest)(head)) return false;
    return this.#fractionRatio === undefined || random.next() < this.#fractionRatio;
  }
}
