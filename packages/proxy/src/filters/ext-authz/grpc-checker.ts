/** Asks `envoy.service.auth.v3.Authorization/Check`. */
import type { GrpcServiceConfig } from '@sluice/resources';
import { callUnary } from '../../grpc/grpc-unary.ts';
import type { StringTest } from '../../router/string-test.ts';
import type { AsyncCall } from '../../upstream/async-client.ts';
import type { FilterContext } from '../filter.ts';
import { encodeCheckRequest } from './check-request.ts';
import { decodeCheckResponse } from './check-response.ts';
import type { CheckVerdict } from './check-verdict.ts';
import type { Checker, CheckSubject } from './checker.ts';
import type { ExtAuthzConfig } from './ext-authz-config.ts';
import { compileHeaderPatterns } from './header-patterns.ts';

const path = '/envoy.service.auth.v3.Authorization/Check';

export class GrpcChecker implements Checker {
  readonly #config: ExtAuthzConfig;
  readonly #service: GrpcServiceConfig;
  readonly #context: FilterContext;
  /** Without a list every header goes to the service. */
  readonly #isShown: StringTest;

  constructor(config: ExtAuthzConfig, service: GrpcServiceConfig, context: FilterContext) {
    const { patterns } = context;
    const allowed = config.allowedHeaders ? compileHeaderPatterns(config.allowedHeaders, 'allowed_headers', patterns) : () => true;
    const disallowed = compileHeaderPatterns(config.disallowedHeaders, 'disallowed_headers', patterns);
    this.#config = config;
    this.#service = service;
    this.#context = context;
    this.#isShown = (name) => allowed(name) && !disallowed(name);
  }

  check(subject: CheckSubject, onVerdict: (verdict: CheckVerdict) => void): AsyncCall {
    const message = encodeCheckRequest(subject, { ...this.#config, isShown: this.#isShown, wallTime: this.#context.clock.wallTime() });
    return callUnary(this.#context.upstreams, { ...this.#service, path, message }, (result) => {
      onVerdict(result.kind === 'ok' ? decodeCheckResponse(result.message) : result);
    });
  }
}
