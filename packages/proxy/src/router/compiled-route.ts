/** One route, compiled: whether a request matches it, and which of its prepared answers the request gets. */
import type { RequestHead } from '@sluice/http';
import type { Random } from '@sluice/kernel';
import type { Route } from '@sluice/resources';
import type { HashInput, RouteMatch } from '../route-match.ts';
import type { RuntimeReader } from '../runtime/runtime.ts';
import type { StreamInfo } from '../stream-info.ts';
import type { CompileSession } from './compile-session.ts';
import { compileHeadTests, type HeadTest } from './head-test.ts';
import { compilePathMatch, matchesEveryPath, type PathTest } from './path-test.ts';
import { compileStreamTests, type StreamTest } from './stream-test.ts';

/** Chooses among the prepared answers of a route. */
export type ChooseMatch = (head: RequestHead, random: Random, stream?: HashInput) => RouteMatch;

export class CompiledRoute {
  readonly #path: PathTest;
  readonly #tests: readonly HeadTest[];
  readonly #streamTests: readonly StreamTest[];
  /** The share of requests that may match; undefined is all. */
  readonly #ratio: RuntimeReader | undefined;
  readonly choose: ChooseMatch;
  readonly takesConnect: boolean;
  /** Of the resource; empty when it has none. */
  readonly name: string;
  /** Whether it takes every request, so that routes behind it are never reached. */
  readonly takesEverything: boolean;

  constructor({ name, match }: Route, choose: ChooseMatch, path: string, session: CompileSession) {
    this.name = name;
    this.takesConnect = match.path.kind === 'connect';
    this.#path = compilePathMatch(match, `${path}.match`, session);
    this.#tests = compileHeadTests(match, `${path}.match`, session);
    this.#streamTests = compileStreamTests(match, `${path}.match`, session);
    this.#ratio = match.fraction && session.environment.runtime.ratio(match.fraction.runtimeKey, match.fraction.ratio);
    this.choose = choose;
    this.takesEverything = matchesEveryPath(match) && this.#tests.length === 0 && this.#streamTests.length === 0 && this.#ratio === undefined;
  }

  /** `pathEnd` is where the path ends and the query begins. */
  matches(head: RequestHead, pathEnd: number, random: Random, info: StreamInfo | undefined): boolean {
    // What CONNECT names is no path, and no route for paths takes it.
    if (this.takesConnect !== (head.method === 'CONNECT')) return false;
    if (!this.#path(head.path, pathEnd)) return false;
    const tests = this.#tests;
    for (let index = 0; index < tests.length; index += 1) if (!(tests[index] as HeadTest)(head)) return false;
    const streamTests = this.#streamTests;
    for (let index = 0; index < streamTests.length; index += 1) if (!(streamTests[index] as StreamTest)(head, info)) return false;
    return this.#ratio === undefined || random.next() < this.#ratio();
  }

  /** Why it does not take a request; undefined when it does. Chance counts as if it were in favour, where there is any. */
  refusal(head: RequestHead, pathEnd: number): string | undefined {
    if (this.takesConnect !== (head.method === 'CONNECT')) return this.takesConnect ? 'is for CONNECT only' : 'is for paths, which CONNECT has not';
    if (!this.#path(head.path, pathEnd)) return 'the path does not match';
    const failed = this.#tests.findIndex((test) => !test(head));
    if (failed !== -1) return `condition ${failed + 1} of ${this.#tests.length} (headers, then query parameters, then grpc) does not hold`;
    if (this.#streamTests.some((test) => !test(head, undefined))) return 'a condition on cookies, TLS or what filters find out does not hold for the head alone';
    return this.#ratio?.() === 0 ? 'its share of requests is 0' : undefined;
  }
}
