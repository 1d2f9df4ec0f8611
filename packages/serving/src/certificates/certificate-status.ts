/** What our issuer says of a Certificate. */
import type { Certificate, CertificateStatus } from '../api/certificate.ts';
import { livingConditions, type Mark } from '../status/condition-set.ts';

/** @param notAfter RFC 3339; absent where there is no certificate */
export function certificateStatus({ metadata, status }: Certificate, mark: Mark, now: string, notAfter?: string): CertificateStatus {
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...(notAfter === undefined ? {} : { notAfter }),
    conditions: livingConditions({ dependents: [], marks: { Ready: mark }, previous: status?.conditions, now }),
  };
}
