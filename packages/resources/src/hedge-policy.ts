/** `envoy.config.route.v3.HedgePolicy`: whether a slow try gets company. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface HedgePolicy {
  /** At the per-try timeout another try begins, and the one that is late goes on; the first good answer counts. */
  readonly onPerTryTimeout: boolean;
}

export function readHedgePolicy(json: unknown, scope: Scope): HedgePolicy | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const policy: HedgePolicy = { onPerTryTimeout: reader.boolean('hedge_on_per_try_timeout', false) };
  // Envoy does nothing about them either.
  reader.ignore(['initial_requests', 'additional_request_chance']);
  reader.done();
  return policy;
}
