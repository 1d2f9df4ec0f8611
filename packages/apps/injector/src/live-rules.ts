/** The rules by which objects are judged, as the ConfigMaps are now. A bad map changes nothing. */
import type { Logger } from '@sluice/kernel';
import type { Change, ConfigMap } from '@sluice/kubernetes';
import { DEFAULT_AUTOSCALER_CONFIG, parseAutoscalerConfig, readAnnotations } from '@sluice/scaling';
import { ConfigStore, defaultLeaderElection, readLeaderElectionConfig, servingConfigMaps, servingConfigOf, type AdmissionRules } from '@sluice/serving';

/** All ConfigMaps that components of ours read. */
export const configMapReaders = {
  ...servingConfigMaps,
  'config-autoscaler': { standard: DEFAULT_AUTOSCALER_CONFIG, read: parseAutoscalerConfig },
  'config-leader-election': { standard: defaultLeaderElection, read: readLeaderElectionConfig },
} as const;

export class LiveRules {
  readonly #store: ConfigStore<typeof configMapReaders>;
  #current: AdmissionRules;

  constructor(logger: Logger) {
    this.#store = new ConfigStore({ maps: configMapReaders, logger, onChange: () => (this.#current = this.#read()) });
    this.#current = this.#read();
  }

  /** Take them once per request: they change as a whole. */
  get current(): AdmissionRules {
    return this.#current;
  }

  /** For an informer of ConfigMaps; those of others are passed over. */
  onConfigMap({ kind, object }: Change<ConfigMap>): void {
    this.#store.set(object.metadata.name, kind === 'deleted' ? undefined : (object.data ?? {}));
  }

  #read(): AdmissionRules {
    const autoscaler = this.#store.get('config-autoscaler');
    return { config: servingConfigOf(this.#store), checkScaling: (annotations) => readAnnotations(annotations, autoscaler).problems };
  }
}
