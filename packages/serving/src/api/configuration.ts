/** A Configuration: the template whose generations become Revisions. */
import type { CommonStatus, ServingObject } from './object.ts';
import type { RevisionTemplate } from './revision.ts';

export interface Configuration extends ServingObject {
  readonly spec: ConfigurationSpec;
  readonly status?: ConfigurationStatus;
}

export interface ConfigurationSpec {
  readonly template: RevisionTemplate;
}

export interface ConfigurationStatus extends CommonStatus {
  /** The Revision of the present generation. */
  readonly latestCreatedRevisionName?: string;
  /** The newest Revision that has become ready. */
  readonly latestReadyRevisionName?: string;
}
