/**
 * Asks a registry which digest a tag stands for now: `HEAD` of the manifest, with the token that the registry asks for.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
import { createHash } from 'node:crypto';
import { readChallenge, registryOrigin, type ImageName, type PullCredentials } from '@sluice/serving';

export interface RegistryAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  body(): Promise<Uint8Array>;
}

/** Rejects when there is no answer. */
export type RegistryFetch = (url: string, options: { readonly method: string; readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal }) => Promise<RegistryAnswer>;

/** Lists of platforms first: their digest is right on every node. */
const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** @throws Error that says which step failed, and how */
export async function resolveDigest(image: ImageName, credentials: PullCredentials | undefined, fetch: RegistryFetch, signal: AbortSignal): Promise<string> {
  const url = `${registryOrigin(image.registry)}/v2/${image.repository}/manifests/${image.tag}`;
  const ask = (method: string, authorization: string | undefined) =>
    fetch(url, { method, signal, headers: { accept: manifestTypes, 'user-agent': 'sluice-controller', ...(authorization === undefined ? {} : { authorization }) } });
  let authorization: string | undefined;
  let answer = await ask('HEAD', undefined);
  if (answer.status === 401) {
    authorization = await authorize(answer.header('www-authenticate') ?? '', image, credentials, fetch, signal);
    answer = await ask('HEAD', authorization);
  }
  if (answer.status !== 200) throw new Error(`HEAD ${url}: unexpected status code ${answer.status} (HEAD responses have no body, use GET for details)`);
  const told = answer.header('docker-content-digest');
  if (told !== undefined && /^sha256:[0-9a-f]{64}$/.test(told)) return told;
  // Some registries say the digest with the manifest only, or not at all: it is that of the manifest's bytes.
  const whole = await ask('GET', authorization);
  if (whole.status !== 200) throw new Error(`GET ${url}: unexpected status code ${whole.status}`);
  return `sha256:${createHash('sha256').update(await whole.body()).digest('hex')}`;
}

async function authorize(challenge: string, image: ImageName, credentials: PullCredentials | undefined, fetch: RegistryFetch, signal: AbortSignal): Promise<string> {
  const basic = credentials && `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
  const wanted = readChallenge(challenge, image.repository);
  if (wanted === undefined) throw new Error(`registry ${image.registry}: cannot understand its challenge "${challenge}"`);
  if (wanted.kind === 'basic') {
    if (basic === undefined) throw new Error(`registry ${image.registry}: asks for a password, and there is none`);
    return basic;
  }
  const answer = await fetch(wanted.tokenUrl, { method: 'GET', signal, headers: basic === undefined ? {} : { authorization: basic } });
  const { origin, pathname } = new URL(wanted.tokenUrl);
  if (answer.status !== 200) throw new Error(`GET ${origin}${pathname}: unexpected status code ${answer.status}`);
  const body = JSON.parse(Buffer.from(await answer.body()).toString()) as { readonly token?: unknown; readonly access_token?: unknown };
  const token = body.token ?? body.access_token;
  if (typeof token !== 'string') throw new Error(`GET ${origin}${pathname}: the answer has no token`);
  return `Bearer ${token}`;
}
