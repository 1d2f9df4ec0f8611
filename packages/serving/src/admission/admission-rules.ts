import type { ServingConfig } from '../config/serving-config.ts';
import type { CheckScaling } from '../validation/annotations.ts';

/** By which objects are judged. Take it once for each request. */
export interface AdmissionRules {
  readonly config: Pick<ServingConfig, 'defaults' | 'features' | 'network'>;
  readonly checkScaling: CheckScaling;
}
