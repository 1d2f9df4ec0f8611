/** How a registry says who it wants to hear from: `WWW-Authenticate`. https://distribution.github.io/distribution/spec/auth/token/ */

export type RegistryChallenge =
  | { readonly kind: 'basic' }
  /** A token is to be fetched there. */
  | { readonly kind: 'bearer'; readonly tokenUrl: string };

/** @param repository to be pulled from, where the registry does not say itself. Undefined: it cannot be understood */
export function readChallenge(header: string, repository: string): RegistryChallenge | undefined {
  const scheme = /^\s*(\w+)/.exec(header)?.[1]?.toLowerCase();
  if (scheme === 'basic') return { kind: 'basic' };
  if (scheme !== 'bearer') return undefined;
  const parameters = new Map([...header.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name.toLowerCase(), value]));
  const realm = parameters.get('realm') ?? '';
  if (!URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  const service = parameters.get('service');
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', parameters.get('scope') || `repository:${repository}:pull`);
  return { kind: 'bearer', tokenUrl: url.href };
}
