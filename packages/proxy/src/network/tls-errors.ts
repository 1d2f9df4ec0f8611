/** Errors of Node's TLS as ours. */
import { MeshError } from '@sluice/kernel';
import { describeTlsFailure } from '../tls/tls-failure.ts';

/** Errors of the TLS library; others are the socket's. */
export function isTlsError(error: Error): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code.startsWith('ERR_OSSL_');
}

export function tlsFailure(error: Error): MeshError {
  const { code = '', reason } = error as NodeJS.ErrnoException & { readonly reason?: string };
  const detail = reason ?? (code === '' ? error.message : code);
  return new MeshError('tls-failed', describeTlsFailure(`SSL routines:${detail}`), { source: 'upstream', retry: 'always-safe', cause: error });
}
