/** The ConfigMaps that the autoscaler reads, as they are now. A bad one is refused as a whole, and its last good state stays. */
import type { Logger } from '@sluice/kernel';
import type { Change, ConfigMap } from '@sluice/kubernetes';
import { DEFAULT_AUTOSCALER_CONFIG, parseAutoscalerConfig, type AutoscalerConfig } from '@sluice/scaling';
import {
  componentTelemetry,
  ConfigStore,
  defaultLeaderElection,
  readLeaderElectionConfig,
  servingConfigMaps,
  type ComponentTelemetry,
  type LeaderElectionConfig,
  type NetworkConfig,
} from '@sluice/serving';

const maps = {
  'config-autoscaler': { standard: DEFAULT_AUTOSCALER_CONFIG, read: parseAutoscalerConfig },
  'config-leader-election': { standard: defaultLeaderElection, read: readLeaderElectionConfig },
  'config-network': servingConfigMaps['config-network'],
  'config-logging': servingConfigMaps['config-logging'],
  'config-observability': servingConfigMaps['config-observability'],
} as const;

export class LiveConfig {
  readonly #store: ConfigStore<typeof maps>;

  /**
   * @param onChange called when another configuration has come into force
   * @param onTelemetry when it is about this component's own logs and metrics
   */
  constructor(logger: Logger, onChange: () => void, onTelemetry: (telemetry: ComponentTelemetry) => void) {
    this.#store = new ConfigStore({
      maps,
      logger,
      onChange: (name) => {
        if (name === 'config-logging' || name === 'config-observability') onTelemetry(this.telemetry);
        else onChange();
      },
    });
  }

  /** Of this component's own logs and metrics. */
  get telemetry(): ComponentTelemetry {
    return componentTelemetry('autoscaler', { logging: this.#store.get('config-logging'), observability: this.#store.get('config-observability') });
  }

  /** What holds for every revision. Take it once per decision: it changes as a whole. */
  get current(): AutoscalerConfig {
    return this.#store.get('config-autoscaler');
  }

  get network(): NetworkConfig {
    return this.#store.get('config-network');
  }

  /** Read once, at the start: replicas that divide the work differently would get into each other's way. */
  get leaderElection(): LeaderElectionConfig {
    return this.#store.get('config-leader-election');
  }

  /** For an informer of ConfigMaps: those of others are passed over. */
  onConfigMap({ kind, object }: Change<ConfigMap>): void {
    this.#store.set(object.metadata.name, kind === 'deleted' ? undefined : (object.data ?? {}));
  }
}
