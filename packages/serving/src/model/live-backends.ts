/**
 * Services that routes name, port by port, and who is behind them. A Service is looked at when somebody asks for it, and
 * followed from then on: most Services of a cluster are nobody's backend here.
 */
import type { Protocol } from '../api/pod-autoscaler.ts';
import { formatContentHash, hashContent } from '@sluice/kernel';
import { canonicalJson, isSameContent } from '../names.ts';
import type { BackendTls, ServingBackend } from '../serving-model.ts';
import { tlsPortName } from './build-revision.ts';
import { endpointsOf } from './endpoints.ts';
import type { SliceIndex } from './slice-index.ts';

/** What is read of a Service. */
export interface ServiceView {
  readonly metadata: { readonly namespace?: string; readonly name: string; readonly deletionTimestamp?: string };
  readonly spec?: {
    readonly type?: string;
    readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string; readonly appProtocol?: string }[];
    readonly clusterIP?: string;
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] } };
}

/** A port of a Service, as a route names it. */
export interface BackendRef {
  readonly namespace: string;
  readonly service: string;
  /** Its number or its name. */
  readonly port: number | string;
  /** What is spoken there whatever the Service says. */
  readonly protocol?: Protocol;
  /** Connections are TLS. Absent: they are not. */
  readonly tls?: BackendTls;
}

/** Why there is no backend. */
export type NoBackend = 'no-service' | 'no-port' | 'external-name';

export class LiveBackends {
  readonly #slices: SliceIndex;
  readonly #services = new Map<string, ServiceView>();
  /** By key: those that were asked for. Some are not there. */
  readonly #refs = new Map<string, BackendRef>();
  readonly #built = new Map<string, ServingBackend>();
  /** Keys of what was asked for by `namespace/service`. */
  readonly #refsOf = new Map<string, Set<string>>();
  readonly #dirty = new Set<string>();
  /** Services that have come, gone, or have other ports. */
  readonly #changedServices = new Set<string>();

  constructor(slices: SliceIndex) {
    this.#slices = slices;
  }

  /** Whether Services have changed that somebody asks for: routes are then to be looked at again. */
  get isDirty(): boolean {
    return this.#changedServices.size > 0;
  }

  service(key: string): ServiceView | undefined {
    return this.#services.get(key);
  }

  get(key: string): ServingBackend | undefined {
    return this.#built.get(key);
  }

  values(): Iterable<ServingBackend> {
    return this.#built.values();
  }

  setService(key: string, service: ServiceView | undefined): void {
    if (service && service.metadata.deletionTimestamp === undefined) this.#services.set(key, service);
    else this.#services.delete(key);
    this.touchEndpoints(key);
    if (this.#refsOf.has(key)) this.#changedServices.add(key);
  }

  /** @param service `namespace/service`, whose endpoints are others now */
  touchEndpoints(service: string): void {
    for (const key of this.#refsOf.get(service) ?? []) this.#dirty.add(key);
  }

  find(ref: BackendRef): ServingBackend | NoBackend {
    const key = backendKey(ref);
    if (!this.#refs.has(key)) this.#follow(key, ref);
    return this.#built.get(key) ?? this.#reasonOf(ref);
  }

  /** Keys of backends that are different from before, and Services that have come, gone or have other ports. */
  take(): { readonly backends: ReadonlySet<string>; readonly services: ReadonlySet<string> } {
    const backends = this.takeEndpoints();
    const services = new Set(this.#changedServices);
    this.#changedServices.clear();
    return { backends, services };
  }

  /** As `take`; which Services have come or gone waits. */
  takeEndpoints(): ReadonlySet<string> {
    const changed = new Set<string>();
    for (const key of this.#dirty) if (this.#rebuild(key)) changed.add(key);
    this.#dirty.clear();
    return changed;
  }

  /** Built at once, and told as changed by the next `take`. */
  #follow(key: string, ref: BackendRef): void {
    const service = `${ref.namespace}/${ref.service}`;
    this.#refs.set(key, ref);
    const keys = this.#refsOf.get(service);
    if (keys) keys.add(key);
    else this.#refsOf.set(service, new Set([key]));
    this.#rebuild(key);
  }

  #rebuild(key: string): boolean {
    const ref = this.#refs.get(key);
    const next = ref && this.#build(key, ref);
    const before = this.#built.get(key);
    if (!next) return this.#built.delete(key);
    if (before !== undefined && isSameContent(before, next)) return false;
    this.#built.set(key, next);
    return true;
  }

  #build(key: string, ref: BackendRef): ServingBackend | undefined {
    const service = this.#services.get(`${ref.namespace}/${ref.service}`);
    const port = service && portOf(service, ref.port);
    if (!service || !port) return undefined;
    const isTlsPort = port.port === 443 && port.name === tlsPortName;
    const endpoints = endpointsOf(this.#slices.of(`${ref.namespace}/${ref.service}`), [port.name ?? '']);
    const said = { ...(isTlsPort ? { isTlsPort } : {}), ...(ref.tls ? { tls: ref.tls } : {}) };
    return { key, namespace: ref.namespace, name: ref.service, protocol: ref.protocol ?? protocolOfPort(port), ...said, endpoints };
  }

  #reasonOf({ namespace, service: name }: BackendRef): NoBackend {
    const service = this.#services.get(`${namespace}/${name}`);
    if (!service) return 'no-service';
    return service.spec?.type === 'ExternalName' ? 'external-name' : 'no-port';
  }
}

/** `namespace/service:port`: no revision has a colon in its key. */
export function backendKey({ namespace, service, port, protocol, tls }: BackendRef): string {
  // Whatever of a policy changes makes it another backend: requests go on to the old one until the new one is there.
  const secured = tls === undefined ? '' : `:tls-${formatContentHash(hashContent(canonicalJson(tls)))}`;
  return `${namespace}/${service}:${port}${protocol === undefined ? '' : `:${protocol}`}${secured}`;
}

type PortView = NonNullable<NonNullable<ServiceView['spec']>['ports']>[number];

function portOf({ spec = {} }: ServiceView, wanted: number | string): PortView | undefined {
  if (spec.type === 'ExternalName') return undefined;
  // What is no TCP cannot be spoken to.
  const ports = (spec.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  return ports.find(({ port, name }) => port === wanted || (name !== undefined && name === wanted) || String(port) === wanted);
}

/** By its `appProtocol`, as Kubernetes names them, else by the names that Knative gives to ports. */
function protocolOfPort({ name = '', appProtocol }: PortView): Protocol {
  if (appProtocol !== undefined) return appProtocol === 'kubernetes.io/h2c' || appProtocol === 'h2c' || appProtocol === 'grpc' ? 'h2c' : 'http1';
  return /^(?:http2|h2c)(?:-|$)/.test(name) ? 'h2c' : 'http1';
}
