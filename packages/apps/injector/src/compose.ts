/** The injector: caches of what it judges by, the reviewers, and the certificates under which it is believed. */
import type { Clock, Logger, Meter, Random, Timers } from '@sluice/kernel';
import { configMaps, EventRecorder, Informer, secrets, type KubernetesClient, type KubernetesObject, type ResourceKind } from '@sluice/kubernetes';
import { CertificateKeeper, type CertificateKeeperOptions } from './certificates/certificate-keeper.ts';
import type { KeyPair } from './certificates/issue.ts';
import { TrustBundles } from './certificates/trust-bundles.ts';
import { mutatingWebhookConfigurations, validatingWebhookConfigurations } from './certificates/webhook-configurations.ts';
import type { InjectorSettings } from './config.ts';
import { injectionReviewer } from './injection/injection-reviewer.ts';
import { configMapReaders, LiveRules } from './live-rules.ts';
import { RepairControl } from './repair/repair-control.ts';
import type { Reviewer } from './reviews/admission-review.ts';
import { podTrial } from './reviews/pod-trial.ts';
import { configMapReviewer, defaultingReviewer, validatingReviewer } from './reviews/serving-reviews.ts';

export interface InjectorOptions {
  readonly client: KubernetesClient;
  readonly settings: InjectorSettings;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly times?: CertificateKeeperOptions['times'];
  /** A pair to serve with from now on. */
  readonly onPair: (pair: KeyPair) => void;
}

export interface Injector {
  /** By path. */
  readonly reviewers: Readonly<Record<string, Reviewer>>;
  start(): void;
  stop(): Promise<void>;
  /** Whether it knows by what to judge, and is believed. */
  readonly isReady: boolean;
}

export function composeInjector(options: InjectorOptions): Injector {
  const { client, settings, clock, timers, logger, meter, onPair, times } = options;
  const { systemNamespace, serviceName, secretName } = settings;
  const one = <T extends KubernetesObject>(kind: ResourceKind<T>, name: string, namespace?: string): Informer<T> =>
    new Informer<T>({ ...options, kind, fieldSelector: `metadata.name=${name}`, ...(namespace === undefined ? {} : { namespace }) });
  const rules = new LiveRules(logger);
  const maps = new Informer({ ...options, kind: configMaps, namespace: systemNamespace });
  maps.subscribe((change) => rules.onConfigMap(change));
  const secretCache = one(secrets, secretName, systemNamespace);
  const isOurs = settings.certificates === 'self';
  const configurations = [
    ...settings.mutatingConfigurations.map((name) => ({ kind: mutatingWebhookConfigurations, name })),
    ...settings.validatingConfigurations.map((name) => ({ kind: validatingWebhookConfigurations, name })),
  ].map((configuration) => ({ ...configuration, cache: one(configuration.kind, configuration.name) }));
  const keeper = new CertificateKeeper({
    client,
    secret: { namespace: systemNamespace, name: secretName },
    cache: secretCache,
    bundles: isOurs ? new TrustBundles({ client, configurations, clock }) : undefined,
    names: [`${serviceName}.${systemNamespace}.svc`],
    clock,
    timers,
    logger,
    meter,
    onPair,
    ...(times ? { times } : {}),
  });
  const recorder = new EventRecorder({ client, component: client.fieldManager, clock, logger });
  const isReady = (): boolean => keeper.isReady && informers.every((informer) => informer.hasSynced);
  const { injection, repair: mode, identity } = settings;
  const repair = injection && mode !== 'off' ? new RepairControl({ ...options, settings: injection, mode, systemNamespace, identity, recorder, canInject: isReady }) : undefined;
  const informers = [maps, secretCache, ...(isOurs ? configurations.map(({ cache }) => cache) : [])];

  return {
    reviewers: {
      '/defaulting': defaultingReviewer(() => rules.current),
      '/validation': validatingReviewer(() => rules.current, settings.triesPods ? podTrial(client) : undefined),
      '/config-validation': configMapReviewer(configMapReaders),
      ...(settings.injection ? { '/injection': injectionReviewer(settings.injection, meter) } : {}),
    },
    start() {
      for (const informer of informers) informer.start();
      repair?.start();
      // What is not there tells nothing: without this look, nobody would notice that.
      void Promise.all(informers.map((informer) => informer.whenSynced())).then(() => keeper.look());
    },
    async stop() {
      keeper.stop();
      await Promise.all([...informers.map((informer) => informer.stop()), repair?.stop()]);
      await recorder.flush();
    },
    get isReady() {
      return isReady();
    },
  };
}
