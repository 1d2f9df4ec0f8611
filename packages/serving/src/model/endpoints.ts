/** EndpointSlices → addresses. */
import type { ServingEndpoint } from '../serving-model.ts';

/** What is read of an EndpointSlice. */
export interface EndpointSliceView {
  readonly metadata: {
    readonly namespace?: string;
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  /** Names instead of addresses cannot be connected to. */
  readonly addressType?: string;
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
    readonly targetRef?: { readonly kind?: string; readonly name?: string };
  }[];
  readonly ports?: readonly { readonly name?: string; readonly port?: number }[];
}

/** The Service that a slice belongs to, `namespace/service`. */
export function serviceKeyOf({ metadata }: EndpointSliceView): string | undefined {
  const service = metadata.labels?.['kubernetes.io/service-name'];
  return service === undefined ? undefined : `${metadata.namespace ?? ''}/${service}`;
}

/**
 * All addresses of the slices at the port named first of `portNames`, sorted by address. An address that
 * stands in two slices, as while a slice is being split, counts once: ready if it is ready in either.
 * @param tlsPortName of the port for TLS, where that is of interest
 */
export function endpointsOf(slices: readonly EndpointSliceView[], portNames: readonly string[], tlsPortName?: string): ServingEndpoint[] {
  const found = new Map<string, ServingEndpoint>();
  for (const slice of slices) {
    const port = slice.addressType === 'FQDN' ? undefined : portOf(slice, portNames);
    if (port === undefined) continue;
    const tlsPort = tlsPortName === undefined ? undefined : portOf(slice, [tlsPortName]);
    for (const { addresses, conditions, targetRef } of slice.endpoints ?? []) {
      const [address] = addresses;
      if (address === undefined) continue;
      const endpoint: ServingEndpoint = {
        address,
        port,
        ...(tlsPort === undefined ? {} : { tlsPort }),
        ready: conditions?.ready !== false,
        terminating: conditions?.terminating === true,
        podName: targetRef?.kind === 'Pod' ? (targetRef.name ?? '') : '',
      };
      const key = `${address}:${port}`;
      if (!found.get(key)?.ready) found.set(key, endpoint);
    }
  }
  return [...found.values()].sort(byAddress);
}

function portOf(slice: EndpointSliceView, portNames: readonly string[]): number | undefined {
  for (const name of portNames) {
    const port = slice.ports?.find((candidate) => (candidate.name ?? '') === name)?.port;
    if (port !== undefined) return port;
  }
  return undefined;
}

function byAddress(a: ServingEndpoint, b: ServingEndpoint): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  return a.port - b.port;
}
