/** Whether a certificate and a key in PEM can be shown to clients: no proxy is to find out what a Secret's writer can be told. */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { problem, type Problem } from '@sluice/kernel';

/** As `data` of a Secret has them, decoded. */
export interface CertificatePair {
  readonly certificateChain: string;
  readonly privateKey: string;
}

/** What is wrong, at the place in the Secret; undefined when nothing is. Whether it is over is for clients to judge. */
export function pairProblem({ certificateChain, privateKey }: CertificatePair): Problem | undefined {
  const certificates = certificateChain.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) return problem('data["tls.crt"]', 'holds no certificate in PEM');
  const chain = certificates.map(readCertificate);
  const broken = chain.indexOf(undefined);
  if (broken >= 0) return problem('data["tls.crt"]', `its certificate ${broken + 1} of ${chain.length} cannot be read`);
  const key = readKey(privateKey);
  if (key === undefined) return problem('data["tls.key"]', 'holds no private key in PEM that can be read without a password');
  if (chain[0]?.checkPrivateKey(key) !== true) return problem('data["tls.key"]', 'is not the key of the first certificate in tls.crt');
  return undefined;
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function readKey(pem: string): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
