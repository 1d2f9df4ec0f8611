/** The ConfigMaps of serving as they are now. A bad one is refused as a whole, and its last good state stays. */
import { formatProblem, type Logger } from '@sluice/kernel';
import type { Change, ConfigMap } from '@sluice/kubernetes';
import {
  DEFAULT_AUTOSCALER_CONFIG,
  parseAutoscalerConfig,
  readAnnotations,
  type AutoscalerConfig,
} from '@sluice/scaling';
import {
  defaultServingConfig,
  isServingConfigMap,
  updateServingConfig,
  type CheckScaling,
  type ServingConfig,
} from '@sluice/serving';

const autoscalerConfigMap = 'config-autoscaler';

export class LiveConfig {
  readonly #logger: Logger;
  readonly #onChange: () => void;
  #serving: ServingConfig = defaultServingConfig;
  #autoscaler: AutoscalerConfig = DEFAULT_AUTOSCALER_CONFIG;

  /** @param onChange called when something else has come into force */
  constructor(logger: Logger, onChange: () => void) {
    this.#logger = logger;
    this.#onChange = onChange;
  }

  /** Take it once per decision: it changes as a whole. */
  get current(): ServingConfig {
    return this.#serving;
  }

  /** What is wrong with scaling annotations, by the autoscaler's own rules. */
  readonly checkScaling: CheckScaling = (annotations) => readAnnotations(annotations, this.#autoscaler).problems;

  /** For an informer of ConfigMaps; those of others are passed over. */
  onConfigMap(change: Change<ConfigMap>): void {
    const { name } = change.object.metadata;
    const data = change.kind === 'deleted' ? undefined : (change.object.data ?? {});
    if (name === autoscalerConfigMap) this.#readAutoscaler(data);
    else if (isServingConfigMap(name)) this.#readServing(name, data);
  }

  #readServing(name: string, data: Readonly<Record<string, string>> | undefined): void {
    const { config, problems } = updateServingConfig(this.#serving, name, data);
    if (problems.length > 0) {
      this.#logger.error('config refused', { configMap: name, problems: problems.map(formatProblem) });
      return;
    }
    this.#serving = config;
    this.#logger.info('config applied', { configMap: name });
    this.#onChange();
  }

  #readAutoscaler(data: Readonly<Record<string, string>> | undefined): void {
    // Only the rules for annotations come from this map here; the autoscaler itself complains about the rest.
    const checked = parseAutoscalerConfig(data ?? {});
    if (!checked.ok) return;
    this.#autoscaler = checked.value;
    this.#onChange();
  }
}
