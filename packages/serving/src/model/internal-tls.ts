/** The Secret that activators prove themselves by, and ConfigMaps with more authorities → what is needed for TLS inside the mesh. */
import { pairProblem } from './certificate-pair.ts';
import type { SecretView } from './certificates.ts';

/** What speaking TLS between gateways, activators and pods takes. */
export interface InternalTls {
  /** Who vouches for sidecars and activators, in PEM. Never empty. */
  readonly authorities: string;
  /** What activators show, in PEM. Undefined: they are not spoken to over TLS. */
  readonly identity: { readonly certificateChain: string; readonly privateKey: string } | undefined;
}

/** What is read of a ConfigMap. */
export interface TrustBundleView {
  readonly data?: Readonly<Record<string, string>>;
}

/** Undefined where nobody is there who could vouch for anybody. @param secret `routing-serving-certs` of the control plane */
export function internalTlsOf(secret: SecretView | undefined, bundles: readonly TrustBundleView[]): InternalTls | undefined {
  const data = secret?.data ?? {};
  const texts = [textOf(data['ca.crt']), ...bundles.flatMap((bundle) => Object.values(bundle.data ?? {}))];
  const authorities = [...new Set(texts.flatMap((text) => text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []))];
  if (authorities.length === 0) return undefined;
  const pair = { certificateChain: textOf(data['tls.crt']), privateKey: textOf(data['tls.key']) };
  return { authorities: `${authorities.join('\n')}\n`, identity: pairProblem(pair) === undefined ? pair : undefined };
}

function textOf(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('utf8');
}
