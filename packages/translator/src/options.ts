import type { ComponentTelemetry } from '@sluice/serving';

/** What an installation decides about the proxies' own side of the network. */
export interface TranslateOptions {
  readonly gateway: {
    /** The address gateways listen on. */
    readonly address: string;
    /** For clients outside. Knative's gateways: 8080. */
    readonly externalPort: number;
    /** For clients outside over TLS, as soon as there is a certificate; 0 for no such listener. Knative's gateways: 8443. */
    readonly externalTlsPort: number;
    /** Further ports that clients outside can reach gateways at, each with that inside. What is served there, Gateways say. */
    readonly morePorts: readonly { readonly port: number; readonly containerPort: number }[];
    /** For clients in the cluster; 0 for no such listener. Knative's gateways: 8081. */
    readonly internalPort: number;
    /** For clients in the cluster over TLS, as soon as there is a certificate; 0 for no such listener. Knative's gateways: 8444. */
    readonly internalTlsPort: number;
    /** Where gateways write their access log; empty for none. */
    readonly accessLogPath: string;
  };
  readonly activator: {
    readonly address: string;
    /** Knative: 8012. */
    readonly http1Port: number;
    /** The same under the port that Knative has for HTTP/2 without TLS: 8013. 0 for no such listener. */
    readonly h2cPort: number;
    /** The same over TLS, while the mesh speaks it inside (`system-internal-tls`). Knative: 8112. 0 for no such listener. */
    readonly tlsPort: number;
  };
}

/** Where and how much of what happens is traced; what an operator can change while everything runs. */
export interface TraceOptions {
  /** `stdout` is each process's own business: nothing is said of it here. */
  readonly protocol: 'none' | 'grpc' | 'http/protobuf' | 'stdout';
  /** URL of the collector. */
  readonly endpoint: string;
  /** Of requests whose caller has not decided. 0 to 1. */
  readonly samplingRate: number;
}

/** What proxies are told of their own logs and metrics. */
export interface TelemetryOptions {
  readonly gateway: ComponentTelemetry | undefined;
  readonly activator: ComponentTelemetry | undefined;
}

export const noTelemetry: TelemetryOptions = { gateway: undefined, activator: undefined };

export const noTraces: TraceOptions = { protocol: 'none', endpoint: '', samplingRate: 0 };

export const defaultTranslateOptions: TranslateOptions = {
  gateway: { address: '0.0.0.0', externalPort: 8080, externalTlsPort: 8443, morePorts: [], internalPort: 8081, internalTlsPort: 0, accessLogPath: '/dev/stdout' },
  activator: { address: '0.0.0.0', http1Port: 8012, h2cPort: 8013, tlsPort: 8112 },
};
