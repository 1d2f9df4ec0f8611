/** Configuration → Revision: one for each generation of the template. */
import { isControlledBy } from '@sluice/kubernetes';
import {
  configurationKind,
  configurationStatus,
  defaultConfiguration,
  describeProblems,
  failedConfigurationStatus,
  isSameContent,
  labels,
  makeRevision,
  revisionKind,
  validateConfiguration,
  type Configuration,
  type Revision,
} from '@sluice/serving';
import { inNamespace, index, type Caches } from '../caches.ts';
import type { LiveConfig } from '../live-config.ts';
import type { Writer } from '../writer.ts';

export class ConfigurationReconciler {
  readonly #caches: Caches;
  readonly #config: LiveConfig;
  readonly #writer: Writer;

  constructor(options: { readonly caches: Caches; readonly config: LiveConfig; readonly writer: Writer }) {
    this.#caches = options.caches;
    this.#config = options.config;
    this.#writer = options.writer;
  }

  async reconcile(key: string): Promise<void> {
    const configuration = this.#caches.configurations.store.get(key);
    if (!configuration || configuration.metadata.deletionTimestamp !== undefined) return;
    const problems = validateConfiguration(defaultConfiguration(configuration, this.#config.current), this.#config.rules);
    if (problems.length > 0) {
      await this.#fail(configuration, 'InvalidSpec', describeProblems(problems));
      return;
    }
    const desired = makeRevision(configuration, this.#config.current);
    const revision = await this.#ensureRevision(configuration, desired);
    const { name } = desired.metadata;
    if (revision === 'not-owned') {
      await this.#fail(
        configuration,
        'RevisionFailed',
        `Revision "${name}" failed with message: the name belongs to another owner.`,
      );
    } else if (revision === 'other-template') {
      const message = `Revision "${name}" failed with message: it was made from another template, and a changed template needs another name.`;
      await this.#fail(configuration, 'RevisionFailed', message);
    } else {
      await this.#writer.writeReadiness(
        configurationKind,
        configuration,
        configurationStatus({
          configuration,
          latestCreated: revision,
          revisions: this.#revisionsOf(key, revision),
          now: this.#writer.now(),
        }),
      );
    }
  }

  /** Revisions never change, so one that is there is either the right one or a reason to complain. */
  async #ensureRevision(
    configuration: Configuration,
    desired: Revision,
  ): Promise<Revision | 'not-owned' | 'other-template'> {
    const actual = this.#caches.revisions.store.get(inNamespace(desired.metadata.namespace, desired.metadata.name));
    if (actual && !isControlledBy(actual, configuration)) return 'not-owned';
    const revision = await this.#writer.ensure({
      kind: revisionKind,
      owner: configuration,
      desired,
      actual,
      merge: (found) => found,
    });
    if (revision === 'not-owned') return revision;
    const generation = labels.configurationGeneration;
    const isOfThisGeneration = revision.metadata.labels?.[generation] === desired.metadata.labels?.[generation];
    // The same name over several generations is right as long as it means the same program.
    return isOfThisGeneration || isSameContent(revision.spec, desired.spec) ? revision : 'other-template';
  }

  /** With the one that was made just now, which the cache may not know yet. */
  #revisionsOf(key: string, latest: Revision): Revision[] {
    const known = this.#caches.revisions.store.byIndex(index.configuration, key);
    return known.some(({ metadata }) => metadata.name === latest.metadata.name) ? known : [...known, latest];
  }

  async #fail(configuration: Configuration, reason: string, message: string): Promise<void> {
    const status = failedConfigurationStatus(configuration, reason, message, this.#writer.now());
    await this.#writer.writeReadiness(configurationKind, configuration, status);
  }
}
