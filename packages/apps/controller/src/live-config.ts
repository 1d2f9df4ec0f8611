/** The ConfigMaps of serving as they are now. A bad one is refused as a whole, and its last good state stays. */
import type { Logger } from '@sluice/kernel';
import type { Change, ConfigMap } from '@sluice/kubernetes';
import { DEFAULT_AUTOSCALER_CONFIG, parseAutoscalerConfig, readAnnotations, type AutoscalerConfig } from '@sluice/scaling';
import {
  componentTelemetry,
  ConfigStore,
  defaultLeaderElection,
  readLeaderElectionConfig,
  servingConfigMaps,
  servingConfigOf,
  type CheckScaling,
  type ComponentTelemetry,
  type ConfigStoreOptions,
  type LeaderElectionConfig,
  type ServingConfig,
  type ValidationRules,
} from '@sluice/serving';

const maps = {
  ...servingConfigMaps,
  'config-leader-election': { standard: defaultLeaderElection, read: readLeaderElectionConfig },
  'config-autoscaler': { standard: DEFAULT_AUTOSCALER_CONFIG, read: parseAutoscalerConfig },
} as const;

export type ConfigMapVerdict = NonNullable<ConfigStoreOptions<typeof maps>['onVerdict']>;

export class LiveConfig {
  readonly #store: ConfigStore<typeof maps>;
  #serving: ServingConfig;

  /**
   * @param onChange called when something else has come into force
   * @param onVerdict called when a map cannot be used, and when it can again
   * @param onTelemetry called when what has come into force is about this component's own logs and metrics, too
   */
  constructor(logger: Logger, onChange: () => void, onVerdict: ConfigMapVerdict = () => {}, onTelemetry: (telemetry: ComponentTelemetry) => void = () => {}) {
    this.#store = new ConfigStore({
      maps,
      logger,
      onVerdict,
      onChange: (name) => {
        this.#serving = servingConfigOf(this.#store);
        if (name === 'config-logging' || name === 'config-observability') onTelemetry(componentTelemetry('controller', this.#serving));
        onChange();
      },
    });
    this.#serving = servingConfigOf(this.#store);
  }

  /** Take it once per decision: it changes as a whole. */
  get current(): ServingConfig {
    return this.#serving;
  }

  /** What holds for the scaling of every revision. */
  get autoscaler(): AutoscalerConfig {
    return this.#store.get('config-autoscaler');
  }

  /** How replicas agree who works. */
  get leaderElection(): LeaderElectionConfig {
    return this.#store.get('config-leader-election');
  }

  /** What is wrong with scaling annotations, by the autoscaler's own rules. */
  readonly checkScaling: CheckScaling = (annotations) => readAnnotations(annotations, this.autoscaler).problems;

  /** By which objects are judged. */
  get rules(): ValidationRules {
    const { defaults, features } = this.#serving;
    return { defaults, features, checkScaling: this.checkScaling };
  }

  /** For an informer of ConfigMaps; those of others are passed over. */
  onConfigMap({ kind, object }: Change<ConfigMap>): void {
    this.#store.set(object.metadata.name, kind === 'deleted' ? undefined : (object.data ?? {}));
  }
}
