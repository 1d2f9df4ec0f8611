/** How to reach an API server, and as whom. */
export interface ClusterAccess {
  /** Scheme, host and port: `https://10.0.0.1:443`. */
  readonly server: string;
  readonly tls: ClusterTls;
  /** Where certificates come from that may be replaced while the process runs. What is read from a file wins over the same in `tls`. */
  readonly tlsFiles?: TlsFiles;
  /** A bearer token, or the file that always holds the present one. */
  readonly token?:
    | { readonly kind: 'value'; readonly value: string }
    | { readonly kind: 'file'; readonly path: string };
  /** A program that says who we are. What it says wins over token and certificate. */
  readonly exec?: ExecPlugin;
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

/** Absolute paths of PEM files. */
export interface TlsFiles {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** A credential plugin, as kubeconfigs describe it (client.authentication.k8s.io). */
export interface ExecPlugin {
  readonly apiVersion: 'client.authentication.k8s.io/v1' | 'client.authentication.k8s.io/v1beta1';
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of this process. */
  readonly env: Readonly<Record<string, string>>;
  /** What to tell people who do not have the program. */
  readonly installHint: string;
  /** The cluster as the plugin is told of it in `KUBERNETES_EXEC_INFO`; absent when it does not want to know. */
  readonly cluster?: Readonly<Record<string, unknown>>;
}
