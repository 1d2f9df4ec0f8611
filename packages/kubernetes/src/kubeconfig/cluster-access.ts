/** How to reach an API server, and as whom. */
export interface ClusterAccess {
  /** Scheme, host and port: `https://10.0.0.1:443`. */
  readonly server: string;
  readonly tls: ClusterTls;
  /** A bearer token, or the file that always holds the present one. */
  readonly token?:
    | { readonly kind: 'value'; readonly value: string }
    | { readonly kind: 'file'; readonly path: string };
  /** The namespace that is meant when none is named. */
  readonly namespace: string;
}

/** All texts are PEM. */
export interface ClusterTls {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  /** The name to find in the server's certificate, when it is not the host's. */
  readonly serverName?: string;
  /** Accept any certificate. Only for tests of a cluster's own. */
  readonly skipVerification?: boolean;
}
