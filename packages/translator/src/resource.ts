/** What the translator gives: resources as canonical proto3 JSON with the original snake_case names. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

export interface TranslatedResource {
  readonly typeUrl: string;
  readonly name: string;
  /** Without `@type`. */
  readonly value: JsonObject;
}

/**
 * Orders for lists whose order means nothing, so that it does not show in the bytes either. By code units, the same on
 * every machine whatever its language.
 */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return compare(a.name, b.name);
}

export function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return compare(a.key, b.key);
}

export function byAddress(
  a: { readonly address: string; readonly port: number },
  b: { readonly address: string; readonly port: number },
): number {
  return compare(a.address, b.address) || a.port - b.port;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
