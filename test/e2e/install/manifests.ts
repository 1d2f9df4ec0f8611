/** What people apply in these tests, as YAML. */

export interface ServiceWish {
  readonly name: string;
  /** Annotations of the template, as YAML in one line: `autoscaling.knative.dev/min-scale: "1"`. */
  readonly annotations?: string;
  readonly greeting?: string;
  /** Traffic, as YAML in one line. */
  readonly traffic?: string;
}

export function serviceManifest({ name, annotations = '', greeting = 'hello', traffic = '' }: ServiceWish): string {
  return `apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: ${name}, namespace: default }
spec:
  ${traffic === '' ? '' : `traffic: ${traffic}`}
  template:
    metadata: { annotations: { autoscaling.knative.dev/window: 6s${annotations === '' ? '' : `, ${annotations}`} } }
    spec:
      containerConcurrency: 10
      timeoutSeconds: 60
      containers:
        - image: example.test/hello:1
          env: [{ name: GREETING, value: ${greeting} }]
          securityContext: { allowPrivilegeEscalation: false, runAsNonRoot: true, capabilities: { drop: [ALL] }, seccompProfile: { type: RuntimeDefault } }
`;
}

export const domainMapping = `apiVersion: serving.knative.dev/v1beta1
kind: DomainMapping
metadata: { name: www.example.org, namespace: default }
spec: { ref: { apiVersion: serving.knative.dev/v1, kind: Service, name: hello } }
`;

/** Kubernetes' own ways in, one of each kind; they lead nowhere, which is said of them, too. */
export const waysIn = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge, namespace: default }
spec: { gatewayClassName: sluice, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web, namespace: default }
spec: { parentRefs: [{ name: edge }], hostnames: [web.example.org], rules: [{ backendRefs: [{ name: nobody, port: 80 }] }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: grpc, namespace: default }
spec: { parentRefs: [{ name: edge }], hostnames: [grpc.example.org], rules: [{ backendRefs: [{ name: nobody, port: 80 }] }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: { name: tls, namespace: default }
spec: { parentRefs: [{ name: edge }], hostnames: [tls.example.org], rules: [{ backendRefs: [{ name: nobody, port: 80 }] }] }
---
apiVersion: gateway.networking.k8s.io/v1alpha2
kind: TCPRoute
metadata: { name: tcp, namespace: default }
spec: { parentRefs: [{ name: edge }], rules: [{ backendRefs: [{ name: nobody, port: 80 }] }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: nobody, namespace: default }
spec: { targetRefs: [{ group: "", kind: Service, name: nobody }], validation: { hostname: nobody.example.org, caCertificateRefs: [{ group: "", kind: ConfigMap, name: nobody }] } }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: default }
spec: { ingressClassName: sluice, rules: [{ host: ing.example.org, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: nobody, port: { number: 80 } } } }] } }] }
`;

/** A slice with a port that there is not; the config service says so of it. */
export function oddSlice(port: number): string {
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: odd, namespace: default }
addressType: IPv4
endpoints: []
ports: [{ name: http, port: ${port} }]
`;
}
