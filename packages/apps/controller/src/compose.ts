/** The controllers of serving: what is declared becomes Revisions, Deployments and traffic. */
import { formatProblem, type Clock, type Logger, type Meter, type Problem, type Random, type Timers } from '@sluice/kernel';
import {
  Controller,
  controllerKeyOf,
  EventRecorder,
  objectKey,
  type KubernetesClient,
  type KubernetesObject,
  type ReconcileResult,
} from '@sluice/kubernetes';
import { internalCertificateType, labels, type Certificate, type ComponentTelemetry } from '@sluice/serving';
import { Addressables } from './addressables.ts';
import { backendKeys, createCaches, inNamespace, index, routeKeys, type Caches } from './caches.ts';
import type { RegistryFetch } from './images/digest-resolver.ts';
import { RevisionDigests } from './images/revision-digests.ts';
import { Leadership } from './leadership.ts';
import { LiveConfig } from './live-config.ts';
import { CertificateIssuer } from './issuer/certificate-issuer.ts';
import { CertificateKeeper } from './reconcile/certificate-keeper.ts';
import { ConfigurationReconciler } from './reconcile/configuration.ts';
import { DomainMappingReconciler } from './reconcile/domain-mapping.ts';
import { InternalCertificates } from './reconcile/internal-certificates.ts';
import { NamespaceCertificateReconciler } from './reconcile/namespace-certificate.ts';
import { PlaceholderKeeper } from './reconcile/placeholder-keeper.ts';
import { PublicSliceKeeper } from './reconcile/public-slice-keeper.ts';
import { RevisionCollector } from './reconcile/revision-collector.ts';
import { RevisionReconciler } from './reconcile/revision.ts';
import { RouteReferences } from './reconcile/route-references.ts';
import { RouteReconciler } from './reconcile/route.ts';
import { ServerlessServiceReconciler } from './reconcile/serverless-service.ts';
import { ServiceReconciler } from './reconcile/service.ts';
import type { SidecarAuthority } from './sidecar-authority.ts';
import { Writer } from './writer.ts';

export interface ServingControllerOptions {
  readonly client: KubernetesClient;
  /** Where sidecars report their load: `host:port` of the config service. Empty: nowhere. */
  readonly configService: string;
  /** By whose word they believe it. Absent: they do not speak TLS. */
  readonly sidecarAuthority?: SidecarAuthority | undefined;
  /**
   * The Secret in the system's namespace with the authority by which Certificates of our own class are signed; made where it is not
   * there. Absent: we sign none, and need no right to write Secrets.
   */
  readonly authoritySecret?: string | undefined;
  /** Whether pods see the Secrets that they mount; without, TLS is not spoken inside the mesh. Default true. */
  readonly podsSeeSecrets?: boolean | undefined;
  /** Asks registries for the digests of images. Absent: they run as they are written. */
  readonly registryFetch?: RegistryFetch | undefined;
  /** Where the control plane and its ConfigMaps live. */
  readonly systemNamespace: string;
  /**
   * `namespace/name` of the Service by which clients in the cluster reach our gateways: where names of Routes lead. Default:
   * the chart's, in the system's namespace.
   */
  readonly gatewayService?: string;
  /** Who this is among several replicas, of which one works. Absent: it is the only one. */
  readonly identity?: string | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  /** ConfigMaps say something else of its own logs and metrics. Default: nobody listens. */
  readonly onTelemetry?: (telemetry: ComponentTelemetry) => void;
}

export interface ServingController {
  /** Fulfils when the caches are filled and work has begun. */
  start(): Promise<void>;
  /** Finishes the work under way and takes no more. */
  stop(): Promise<void>;
  /** Whether the caches are filled. */
  readonly hasSynced: boolean;
  /** Whether nothing waits, runs or is due. */
  readonly isIdle: boolean;
}

export function composeServingController(options: ServingControllerOptions): ServingController {
  const { client, clock, logger } = options;
  const caches = createCaches(options);
  const informers = Object.values(caches);
  const recorder = new EventRecorder({ client, component: client.fieldManager, clock, logger });
  const writer = new Writer({ client, recorder, clock, logger });
  const config = new LiveConfig(logger, () => enqueueAll(), tellVerdict, options.onTelemetry);
  const references = new RouteReferences({ client, caches, now: () => writer.now() });
  const base = { caches, config, writer };

  const { registryFetch } = options;
  const digests =
    registryFetch && new RevisionDigests({ ...options, fetch: registryFetch, config: () => config.current.deployment, onChange: (key) => controllers.revision.enqueue(key) });
  const service = new ServiceReconciler(base);
  const configuration = new ConfigurationReconciler(base);
  const revision = new RevisionReconciler({
    ...base,
    configService: options.configService,
    sidecarAuthority: options.sidecarAuthority,
    systemNamespace: options.systemNamespace,
    certificates: new InternalCertificates({ ...base, client, systemNamespace: options.systemNamespace }),
    podsSeeSecrets: options.podsSeeSecrets ?? true,
    digests,
  });
  const certificates = new CertificateKeeper({ ...base, client });
  const placeholders = new PlaceholderKeeper({ ...base, client, gatewayService: options.gatewayService ?? `${options.systemNamespace}/sluice-gateway-internal` });
  const route = new RouteReconciler({ ...base, client, references, certificates, placeholders });
  // The chart's name, which is Knative's.
  const activatorService = `${options.systemNamespace}/activator-service`;
  const serverlessService = new ServerlessServiceReconciler({ ...base, client, slices: new PublicSliceKeeper({ ...base, client, activatorService }) });
  const addressables = new Addressables({
    ...options,
    onChange: (object) => {
      for (const mapping of mappingsTo(caches, object)) controllers.domainMapping.enqueue(mapping);
    },
  });
  const domainMapping = new DomainMappingReconciler({ ...base, client, certificates, addressables });
  const namespaceCertificate = new NamespaceCertificateReconciler({ ...base, client });
  const collector = new RevisionCollector({ client, caches, config, clock, logger });

  const leadership = new Leadership({ ...options, identity: options.identity, onLead: () => takeOver() });
  const run = (name: string, reconciler: { reconcile(key: string): Promise<ReconcileResult | void> }) =>
    new Controller({
      ...options,
      name,
      informers,
      reconcile: async (key) => (leadership.isLeading ? reconciler.reconcile(key) : leadership.defer(name, key)),
    });
  const controllers = {
    service: run('service', service),
    configuration: run('configuration', configuration),
    revision: run('revision', revision),
    route: run('route', route),
    serverlessService: run('serverlessservice', serverlessService),
    revisionGc: run('revision-gc', collector),
    domainMapping: run('domainmapping', domainMapping),
    namespaceCertificate: run('namespace-certificate', namespaceCertificate),
  };
  const { authoritySecret } = options;
  const issuer =
    authoritySecret === undefined ? [] : [run('certificate', new CertificateIssuer({ ...base, client, logger, systemNamespace: options.systemNamespace, authoritySecret }))];
  for (const controller of issuer) controller.follow(caches.certificates);
  const all = [...Object.values(controllers), ...issuer];
  wire(caches, controllers, activatorService);
  caches.configMaps.subscribe((change) => config.onConfigMap(change));

  /** On the ConfigMap itself, where whoever wrote it will look. */
  function tellVerdict(name: string, problems: readonly Problem[]): void {
    options.meter
      .gauge('config_map_refused', '1 while a ConfigMap cannot be used, and its last good state is in force.', { config_map: name })
      .set(problems.length > 0 ? 1 : 0);
    const map = caches.configMaps.store.get(inNamespace(options.systemNamespace, name));
    if (map && problems.length > 0) recorder.record(map, 'Warning', 'Refused', problems.map(formatProblem).join('\n'));
  }

  /** What was put off, and what the one before had timers for. */
  function takeOver(): void {
    const deferred = leadership.takeDeferred();
    for (const controller of all) for (const key of deferred.get(controller.name) ?? []) controller.enqueue(key);
    enqueueAll();
  }

  function enqueueAll(): void {
    for (const [controller, informer] of [
      [controllers.service, caches.services],
      [controllers.configuration, caches.configurations],
      [controllers.revisionGc, caches.configurations],
      [controllers.revision, caches.revisions],
      [controllers.route, caches.routes],
      [controllers.domainMapping, caches.domainMappings],
      [controllers.namespaceCertificate, caches.namespaces],
    ] as const) {
      for (const object of informer.store.list()) controller.enqueue(objectKey(object));
    }
  }

  return {
    async start() {
      for (const informer of informers) informer.start();
      await Promise.all(all.map((controller) => controller.start()));
      leadership.start(config.leaderElection);
      logger.info('controllers started', {
        services: caches.services.store.size,
        revisions: caches.revisions.store.size,
      });
    },
    async stop() {
      digests?.stop();
      const idle = Promise.all(all.map((controller) => controller.stop()));
      await Promise.all([idle, leadership.stop(idle)]);
      await Promise.all([addressables.stop(), ...informers.map((informer) => informer.stop())]);
      await recorder.flush();
    },
    get hasSynced() {
      return informers.every((informer) => informer.hasSynced);
    },
    get isIdle() {
      return all.every((controller) => controller.isIdle);
    },
  };
}

type Controllers = Readonly<
  Record<'service' | 'configuration' | 'revision' | 'route' | 'serverlessService' | 'revisionGc' | 'domainMapping' | 'namespaceCertificate', Controller>
>;

/** Whose change is whose business. */
function wire(caches: Caches, controllers: Controllers, activatorService: string): void {
  const { service, configuration, revision, route, serverlessService, revisionGc, domainMapping, namespaceCertificate } = controllers;
  service.follow(caches.services);
  service.follow(caches.configurations, (object) => controllerKeyOf(object, 'Service'));
  service.follow(caches.routes, (object) => controllerKeyOf(object, 'Service'));

  configuration.follow(caches.configurations);
  configuration.follow(caches.revisions, (object) => controllerKeyOf(object, 'Configuration'));

  revisionGc.follow(caches.configurations);
  revisionGc.follow(caches.revisions, (object) => controllerKeyOf(object, 'Configuration'));

  revision.follow(caches.revisions);
  revision.follow(caches.deployments, revisionKeys);
  revision.follow(caches.podAutoscalers, (object) => controllerKeyOf(object, 'Revision'));
  revision.follow(caches.pods, revisionKeys);
  // What one waits for, the others do too.
  revision.follow(caches.certificates, (object) => (object.metadata.labels?.[labels.certificateType] === internalCertificateType ? caches.revisions.store.list().map(objectKey) : []));

  // A Route waits for what its traffic names, and lets go of what says it still refers to it.
  const interested = (object: KubernetesObject) => [
    ...caches.routes.store.byIndex(index.target, objectKey(object)).map(objectKey),
    ...routeKeys(object),
  ];
  route.follow(caches.routes);
  route.follow(caches.configurations, interested);
  route.follow(caches.revisions, interested);
  route.follow(caches.ingresses, (object) => controllerKeyOf(object, 'Route'));
  route.follow(caches.placeholders, (object) => controllerKeyOf(object, 'Route'));
  // One for a whole namespace concerns each Route there.
  const concerned = (kind: string, informer: Caches['routes'] | Caches['domainMappings']) => (object: Certificate) =>
    object.metadata.labels?.[labels.wildcardDomain] === undefined
      ? controllerKeyOf(object, kind)
      : informer.store.list().filter(({ metadata }) => metadata.namespace === object.metadata.namespace).map(objectKey);
  route.follow(caches.certificates, concerned('Route', caches.routes));
  domainMapping.follow(caches.certificates, concerned('DomainMapping', caches.domainMappings));
  namespaceCertificate.follow(caches.namespaces);
  namespaceCertificate.follow(caches.certificates, ({ metadata }) => (metadata.labels?.[labels.wildcardDomain] === undefined ? [] : [metadata.namespace ?? '']));

  domainMapping.follow(caches.domainMappings);
  domainMapping.follow(caches.ingresses, (object) => controllerKeyOf(object, 'DomainMapping'));
  domainMapping.follow(caches.clusterDomainClaims, ({ metadata, spec }) => [
    inNamespace(spec.namespace, metadata.name),
    ...caches.domainMappings.store.list().filter((mapping) => mapping.metadata.name === metadata.name).map(objectKey),
  ]);
  const leadingTo = (object: KubernetesObject) => mappingsTo(caches, object);
  domainMapping.follow(caches.services, leadingTo);
  domainMapping.follow(caches.routes, leadingTo);

  serverlessService.follow(caches.serverlessServices);
  serverlessService.follow(caches.coreServices, (object) => controllerKeyOf(object, 'ServerlessService'));
  serverlessService.follow(caches.endpointSlices, ({ metadata }) => {
    const name = metadata.labels?.['kubernetes.io/service-name'] ?? '';
    if (inNamespace(metadata.namespace, name) === activatorService) return caches.coreServices.store.list().filter(isPublic).map(objectKey);
    return caches.serverlessServices.store.byIndex(index.service, inNamespace(metadata.namespace, name)).map(objectKey);
  });
  serverlessService.follow(caches.ingresses, backendKeys);
  serverlessService.follow(caches.deployments, (object) =>
    caches.serverlessServices.store.byIndex(index.deployment, objectKey(object)).map(objectKey),
  );
}

/** Keys of the DomainMappings that lead to an object. */
function mappingsTo(caches: Caches, object: KubernetesObject): string[] {
  return caches.domainMappings.store.byIndex(index.reference, `${object.kind} ${objectKey(object)}`).map(objectKey);
}

/** Its name is that of the ServerlessService. */
function isPublic({ metadata }: KubernetesObject): boolean {
  return metadata.labels?.[labels.serviceType] === 'Public';
}

function revisionKeys({ metadata }: KubernetesObject): readonly string[] {
  const name = metadata.labels?.[labels.revision];
  return name === undefined ? [] : [inNamespace(metadata.namespace, name)];
}
