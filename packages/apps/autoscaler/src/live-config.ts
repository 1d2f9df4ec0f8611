/** The ConfigMap `config-autoscaler` as it is now. A bad one is refused as a whole, and the last good one stays. */
import { formatProblem, type Logger } from '@sluice/kernel';
import type { Change, KubernetesObject } from '@sluice/kubernetes';
import { DEFAULT_AUTOSCALER_CONFIG, parseAutoscalerConfig, type AutoscalerConfig } from '@sluice/scaling';

export const configMapName = 'config-autoscaler';

interface ConfigMapLike extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

export class LiveConfig {
  readonly #logger: Logger;
  readonly #onChange: () => void;
  #current: AutoscalerConfig = DEFAULT_AUTOSCALER_CONFIG;

  /** @param onChange called when another configuration has come into force */
  constructor(logger: Logger, onChange: () => void) {
    this.#logger = logger;
    this.#onChange = onChange;
  }

  get current(): AutoscalerConfig {
    return this.#current;
  }

  /** For an informer of ConfigMaps: others than ours are passed over. */
  onConfigMap(change: Change<ConfigMapLike>): void {
    if (change.object.metadata.name !== configMapName) return;
    const data = change.kind === 'deleted' ? {} : (change.object.data ?? {});
    const checked = parseAutoscalerConfig(data);
    if (!checked.ok) {
      this.#logger.error('config refused', { configMap: configMapName, problems: checked.problems.map(formatProblem) });
      return;
    }
    this.#current = checked.value;
    this.#logger.info('config applied', { configMap: configMapName });
    this.#onChange();
  }
}
