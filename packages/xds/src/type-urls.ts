/** What this package must know of the kinds of resource it carries. */
import { typeUrls } from '@sluice/resources';

export { typeUrls };

/** Any type's URL: a stream may carry types that our own subset does not have. */
export type TypeUrl = string;

/**
 * Make before break: what is pointed to is sent before what points to it. Types that are not named here
 * come last.
 */
export const sendOrder: readonly TypeUrl[] = [
  typeUrls.secret,
  typeUrls.cluster,
  typeUrls.clusterLoadAssignment,
  typeUrls.extensionConfig,
  typeUrls.listener,
  typeUrls.routeConfiguration,
  typeUrls.virtualHost,
];

/** Types whose response is always the full state, so that absence from it means deletion. */
export function isFullState(typeUrl: TypeUrl): boolean {
  return typeUrl === typeUrls.listener || typeUrl === typeUrls.cluster;
}

/**
 * Types of which a first request without names means everything: of virtual hosts too, since a table refers to no single
 * one, and Envoy begins so. Only the incremental variant has those.
 */
export function allowsLegacyWildcard(typeUrl: TypeUrl, variant: 'sotw' | 'delta'): boolean {
  return isFullState(typeUrl) || (variant === 'delta' && typeUrl === typeUrls.virtualHost);
}

const shortNames: Readonly<Record<TypeUrl, string>> = {
  [typeUrls.listener]: 'LDS',
  [typeUrls.routeConfiguration]: 'RDS',
  [typeUrls.virtualHost]: 'VHDS',
  [typeUrls.cluster]: 'CDS',
  [typeUrls.clusterLoadAssignment]: 'EDS',
  [typeUrls.secret]: 'SDS',
  [typeUrls.extensionConfig]: 'ECDS',
};

/** The three letters people know a type by; the last part of the URL for types that have none. */
export function shortTypeName(typeUrl: TypeUrl): string {
  return shortNames[typeUrl] ?? typeUrl.slice(typeUrl.lastIndexOf('.') + 1);
}

/** The message's full name: what stands after the last slash. */
export function messageNameOf(typeUrl: TypeUrl): string {
  return typeUrl.slice(typeUrl.lastIndexOf('/') + 1);
}
