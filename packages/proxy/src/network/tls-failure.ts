/** Why a handshake did not come about, in one line that can stand in a log. */
import { MeshError } from '@sluice/kernel';

/** Errors of the TLS library; others are the socket's. */
export function isTlsError(error: Error): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code.startsWith('ERR_OSSL_');
}

/** Shaped as Envoy's: `TLS_error:|…:TLS_error_end`, so that what looks for that finds it. */
export function tlsFailure(error: Error): MeshError {
  const { code = '', reason } = error as NodeJS.ErrnoException & { readonly reason?: string };
  const detail = reason ?? (code === '' ? error.message : code);
  return new MeshError('tls-failed', describeTlsFailure(`SSL routines:${detail}`), { source: 'upstream', retry: 'always-safe', cause: error });
}

/** The text for a fault of any kind: `TLS_error:|CERTIFICATE_VERIFY_FAILED:…:TLS_error_end`. */
export function describeTlsFailure(detail: string): string {
  return `TLS_error:|${detail}:TLS_error_end`;
}
