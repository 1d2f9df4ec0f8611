/** How probes and HTTP hooks reach a container. Injected, so that a simulation can answer them itself. */

export interface ProbeRequest {
  readonly host: string;
  readonly port: number;
  /** Gives up after this long, in ms. */
  readonly timeoutMs: number;
}

export interface HttpProbeRequest extends ProbeRequest {
  readonly scheme: 'http' | 'https';
  readonly path: string;
  /** Sent after the transport's own; a `host` replaces the default. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface GrpcProbeRequest extends ProbeRequest {
  /** The service asked about; empty for the server as a whole. */
  readonly service: string;
}

/** Failures come with a sentence as the kubelet words it. */
export type ProbeResult = { readonly kind: 'success' } | { readonly kind: 'failure'; readonly message: string };

/** No method rejects: what goes wrong is a failure. */
export interface ProbeTransport {
  /** Succeeds with a status from 200 to 399. Certificates are not verified, as Kubernetes has it. */
  httpGet(request: HttpProbeRequest): Promise<ProbeResult>;
  /** Succeeds when a connection opens. */
  tcpConnect(request: ProbeRequest): Promise<ProbeResult>;
  /** Succeeds when gRPC's health service says SERVING. */
  grpcHealth(request: GrpcProbeRequest): Promise<ProbeResult>;
}

/** The user agent by which servers recognise a probe of the kubelet (Knative looks for the prefix). */
export const probeUserAgent = 'kube-probe/1.32';
