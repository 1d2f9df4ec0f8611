/** `ROOT_CA`: authorities of a cluster's own, for whoever is asked over TLS: collectors of metrics and traces. */
import { getBuiltinModule } from 'node:process';
import type { Logger } from '@sluice/kernel';

/**
 * From now on this process believes them besides those it does anyway. What cannot be read is told, and changes nothing.
 * @param pem certificates; empty for none
 */
export function believeFurther(pem: string, logger: Logger): void {
  if (pem === '') return;
  try {
    const { getCACertificates, setDefaultCACertificates } = getBuiltinModule('node:tls');
    setDefaultCACertificates([...getCACertificates('default'), ...(pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [])]);
  } catch (error) {
    logger.error('authorities not believed', { setting: 'ROOT_CA', error });
  }
}
