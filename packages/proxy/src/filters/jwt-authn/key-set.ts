/** JSON Web Key Sets: RFC 7517, section 5. What the keys are worth shows when they are used. */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** Undefined for what is none. */
export function parseKeySet(text: string): KeySet | undefined {
  try {
    const found: unknown = JSON.parse(text);
    const keys: unknown = typeof found === 'object' && found !== null && 'keys' in found ? found.keys : undefined;
    return Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null) ? { keys } : undefined;
  } catch {
    return undefined;
  }
}
