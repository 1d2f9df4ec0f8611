/** Containers as they stand in a pod, where names are given and probes say which port they mean. */
import type { Container, Probe } from '../api/pod-spec.ts';

export interface PodContainer extends Omit<Container, 'readinessProbe' | 'livenessProbe' | 'startupProbe'> {
  readonly name: string;
  readonly readinessProbe?: PodProbe;
  readonly livenessProbe?: PodProbe;
  readonly startupProbe?: PodProbe;
  readonly lifecycle?: { readonly preStop: { readonly httpGet: { readonly port: number; readonly path: string } } };
}

export interface PodProbe extends Omit<Probe, 'httpGet' | 'tcpSocket' | 'grpc'> {
  readonly httpGet?: Omit<NonNullable<Probe['httpGet']>, 'port'> & { readonly port: number | string };
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string };
  readonly grpc?: { readonly port: number; readonly service?: string };
}

/** `probe` with `port` where it names none. */
export function probeAt(probe: Probe, port: number): PodProbe {
  const { httpGet, tcpSocket, grpc, ...rest } = probe;
  return {
    ...rest,
    ...(httpGet ? { httpGet: { ...httpGet, port: httpGet.port || port } } : {}),
    ...(tcpSocket ? { tcpSocket: { ...tcpSocket, port: tcpSocket.port || port } } : {}),
    ...(grpc ? { grpc: { ...grpc, port: grpc.port || port } } : {}),
  };
}

/** `probe` with `port`, whatever it names. */
export function probeOnlyAt(probe: Probe, port: number): PodProbe {
  const { httpGet, tcpSocket } = probe;
  return probeAt(
    {
      ...probe,
      ...(httpGet ? { httpGet: { ...httpGet, port } } : {}),
      ...(tcpSocket ? { tcpSocket: { ...tcpSocket, port } } : {}),
    },
    port,
  );
}
