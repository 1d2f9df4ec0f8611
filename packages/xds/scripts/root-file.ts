/** How the messages of a proto file are named. */

/** A proto file and the messages of it that are wanted. */
export interface RootFile {
  readonly file: string;
  readonly messages: readonly string[];
}

/** A file under `prefix`, with its messages in the package that the path spells. */
export function envoy(path: string, ...messages: readonly string[]): RootFile {
  const packageName = `envoy.${path.slice(0, path.lastIndexOf('/')).replaceAll('/', '.')}`;
  return { file: `envoy/${path}.proto`, messages: messages.map((name) => `${packageName}.${name}`) };
}

/** Files of others of which we have what we need, under a name of our own. */
export const ownNames: Readonly<Record<string, string>> = { 'opentelemetry/proto/common/v1/common.proto': 'opentelemetry/any-value.proto' };
