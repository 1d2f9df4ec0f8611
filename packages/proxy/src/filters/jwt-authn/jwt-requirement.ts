/** `JwtRequirement`: which tokens a request must bring. */
import { MessageReader, type Scope } from '@sluice/resources';

export type JwtRequirement =
  /** `audiences` stand instead of the provider's where there are any. */
  | { readonly kind: 'provider'; readonly name: string; readonly audiences: readonly string[] }
  | { readonly kind: 'any' | 'all'; readonly requirements: readonly JwtRequirement[] }
  /** No token is fine; one that is there must be good. */
  | { readonly kind: 'allow_missing' }
  /** Anything is fine; good tokens are made use of. */
  | { readonly kind: 'allow_missing_or_failed' };

const fields = ['provider_name', 'provider_and_audiences', 'requires_any', 'requires_all', 'allow_missing', 'allow_missing_or_failed', 'extract_only_without_validation'] as const;

/** Protobuf's own limit for messages within messages. */
const depthMax = 100;

/** `providers` are the names that may be used. */
export function readRequirement(json: unknown, scope: Scope, providers: ReadonlySet<string>, depth = 0): JwtRequirement | undefined {
  if (depth > depthMax) {
    scope.error(`stands in ${depth} others, must stand in at most ${depthMax}`);
    return undefined;
  }
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  const kind = reader.oneof(fields, true);
  const requirement = kind && readKind(kind, reader, providers, depth + 1);
  reader.refuse(['extract_only_without_validation']);
  reader.done();
  return requirement;
}

function readKind(kind: (typeof fields)[number], reader: MessageReader, providers: ReadonlySet<string>, depth: number): JwtRequirement | undefined {
  switch (kind) {
    case 'provider_name':
      return readProvider(reader, kind, providers, []);
    case 'provider_and_audiences':
      return reader.read(kind, (json, scope) => {
        const inner = MessageReader.open(json, scope);
        const requirement = inner && readProvider(inner, 'provider_name', providers, inner.strings('audiences'));
        inner?.done();
        return requirement;
      });
    case 'requires_any':
    case 'requires_all':
      return { kind: kind === 'requires_any' ? 'any' : 'all', requirements: reader.read(kind, (json, scope) => readList(json, scope, providers, depth)) ?? [] };
    case 'allow_missing':
    case 'allow_missing_or_failed':
      reader.read(kind, (json, scope) => MessageReader.open(json, scope)?.done());
      return { kind };
    default:
      return undefined;
  }
}

function readProvider(reader: MessageReader, field: string, providers: ReadonlySet<string>, audiences: readonly string[]): JwtRequirement {
  const name = reader.requiredString(field);
  if (name !== '' && !providers.has(name)) reader.scope.at(field).error(`is ${JSON.stringify(name)}, which is no provider; there are ${[...providers].join(', ') || 'none'}`);
  return { kind: 'provider', name, audiences };
}

function readList(json: unknown, scope: Scope, providers: ReadonlySet<string>, depth: number): readonly JwtRequirement[] {
  const reader = MessageReader.open(json, scope);
  const requirements = reader?.list('requirements', (inner, at) => readRequirement(inner, at, providers, depth)) ?? [];
  if (requirements.length < 2 && !scope.hasErrors) scope.at('requirements').error(`has ${requirements.length} entries, must have at least 2`);
  reader?.done();
  return requirements;
}
