/** Who may pull from which registry, as Secrets for pulling say it. */

/** What is read of a Secret of type `kubernetes.io/dockerconfigjson`, or of the older `kubernetes.io/dockercfg`. */
export interface PullSecretView {
  readonly data?: Readonly<Record<string, string>>;
}

export interface PullCredentials {
  readonly username: string;
  readonly password: string;
}

/** The first that any of the Secrets has for the registry. Those that cannot be read have none. */
export function credentialsFor(registry: string, pullSecrets: readonly PullSecretView[]): PullCredentials | undefined {
  for (const secret of pullSecrets) {
    for (const [place, entry] of Object.entries(entriesOf(secret))) {
      const found = hostOf(place) === registry ? credentialsOf(entry) : undefined;
      if (found) return found;
    }
  }
  return undefined;
}

function entriesOf({ data }: PullSecretView): Readonly<Record<string, unknown>> {
  const today = parsed(data?.['.dockerconfigjson']);
  return { ...parsed(data?.['.dockercfg']), ...record(today['auths']) };
}

/** Docker writes `https://index.docker.io/v1/`, others a host alone. */
function hostOf(place: string): string {
  const host = place.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return host === 'docker.io' || host === 'registry-1.docker.io' ? 'index.docker.io' : host;
}

function credentialsOf(entry: unknown): PullCredentials | undefined {
  const { auth, username, password } = record(entry);
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  if (typeof auth !== 'string') return undefined;
  const text = Buffer.from(auth, 'base64').toString();
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function parsed(base64: string | undefined): Readonly<Record<string, unknown>> {
  if (base64 === undefined) return {};
  try {
    return record(JSON.parse(Buffer.from(base64, 'base64').toString()));
  } catch {
    return {};
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
