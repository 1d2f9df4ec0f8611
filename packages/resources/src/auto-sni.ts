/** `envoy.config.core.v3.UpstreamHttpProtocolOptions`: names asked for in TLS that follow from the request. */
import { MessageReader } from './decode/message-reader.ts';
import type { Scope } from './decode/scope.ts';

export interface AutoSni {
  /** The name asked for is the host the request is for, or what `fromHeader` says. */
  readonly takesSniFromRequest: boolean;
  /** The certificate must be for the name that followed from the request. */
  readonly checksSni: boolean;
  /** In lower case; empty for the authority. */
  readonly fromHeader: string;
}

export function readAutoSni(json: unknown, scope: Scope): AutoSni | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const auto: AutoSni = {
    takesSniFromRequest: reader.boolean('auto_sni', false),
    checksSni: reader.boolean('auto_san_validation', false),
    fromHeader: reader.string('override_auto_sni_header', '').toLowerCase(),
  };
  reader.done();
  return auto;
}
