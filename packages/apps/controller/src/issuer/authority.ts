/** The authority that certificates of our own class are signed by: what a Secret holds, or one that is made. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Logger } from '@sluice/kernel';
import { isAlreadyExists, isNotFound, secrets, type KubernetesClient, type Secret } from '@sluice/kubernetes';
import { makeAuthorityPair, readAuthority, type Ingredients, type Pair, type SigningAuthority } from '@sluice/serving';

export interface AuthorityOptions {
  readonly client: KubernetesClient;
  readonly namespace: string;
  /** Of type `kubernetes.io/tls`. Somebody's own, or, where it is not there, made. */
  readonly name: string;
  readonly logger: Logger;
}

/** @returns why it cannot be used, as a text */
export async function loadAuthority(options: AuthorityOptions, nowMs: number): Promise<SigningAuthority | string> {
  const { client, namespace, name, logger } = options;
  const resource = client.resource(secrets);
  const secret = (await readSecret(client, { namespace, name })) ?? (await make());
  const pair = pairOf(secret);
  if (!pair) return `secret "${namespace}/${name}" has no tls.crt and tls.key`;
  const authority = readAuthority(pair);
  return typeof authority === 'string' ? `secret "${namespace}/${name}" is no authority: ${authority}` : authority;

  async function make(): Promise<Secret> {
    const { certificateChain, privateKey } = makeAuthorityPair(newIngredients(), nowMs);
    try {
      const made = await resource.create(tlsSecret({ namespace, name }, { 'tls.crt': certificateChain, 'tls.key': privateKey, 'ca.crt': certificateChain }));
      logger.info('certificate authority made', { secret: `${namespace}/${name}` });
      return made;
    } catch (reason) {
      // Another replica was quicker: both then sign by the same.
      if (isAlreadyExists(reason)) return resource.get({ namespace, name });
      throw reason;
    }
  }
}

/** Undefined where it is not there. */
export async function readSecret(client: KubernetesClient, reference: { readonly namespace: string; readonly name: string }): Promise<Secret | undefined> {
  try {
    return await client.resource(secrets).get(reference);
  } catch (reason) {
    if (isNotFound(reason)) return undefined;
    throw reason;
  }
}

export function pairOf({ data }: Secret): Pair | undefined {
  const [certificate, key] = [data?.['tls.crt'], data?.['tls.key']];
  if (!certificate || !key) return undefined;
  return { certificateChain: Buffer.from(certificate, 'base64').toString(), privateKey: Buffer.from(key, 'base64').toString() };
}

/** @param texts of its data */
export function tlsSecret(metadata: Secret['metadata'], texts: Readonly<Record<string, string>>): Secret {
  const data = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data };
}

/** Chosen: P-256, which every client of today knows and which costs a gateway least. */
export function newIngredients(): Ingredients {
  return { keys: generateKeyPairSync('ec', { namedCurve: 'P-256' }), serialNumber: randomBytes(16) };
}
