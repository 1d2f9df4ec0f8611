/**
 * Conditions by scenario files: what happens beneath a Service, and what it, its Configuration and its Revisions say then. The
 * Route is given; how it comes to what it says stands in its own tests.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { runScenario, type ScenarioCommand } from '@sluice/kernel/testing';
import { expect, test } from 'vitest';
import type { Condition } from '../api/object.ts';
import type { Configuration } from '../api/configuration.ts';
import type { PodAutoscaler } from '../api/pod-autoscaler.ts';
import type { Revision } from '../api/revision.ts';
import type { Service } from '../api/service.ts';
import { aConfiguration, aPodAutoscaler, aRevision, aRoute, aService } from '../testing/index.ts';
import { configurationStatus } from './configuration-status.ts';
import type { PodView } from './pod-failure.ts';
import { revisionStatus, type DeploymentView } from './revision-status.ts';
import { serviceStatus } from './service-status.ts';

const folder = new URL('../../testdata/conditions/', import.meta.url);

test.each(readdirSync(folder))('%s', async (file) => {
  const path = new URL(file, folder);
  const world = new ServiceWorld();
  const text = runScenario(readFileSync(path, 'utf8'), (command) => world.run(command));
  await expect(text).toMatchFileSnapshot(path.pathname);
});

/** What stands beneath one Revision. */
interface Beneath {
  revision: Revision;
  deployment: DeploymentView | undefined;
  podAutoscaler: PodAutoscaler | undefined;
  pods: readonly PodView[];
}

class ServiceWorld {
  #generation = 0;
  #second = 0;
  #service: Service = aService('hello', { metadata: { generation: 1 } });
  #configuration: Configuration = aConfiguration('hello');
  readonly #revisions = new Map<string, Beneath>();
  /** To which revision the Route leads, and what it says of itself. */
  #route: { readonly revision: string; readonly status: Condition['status']; readonly reason: string } | undefined;

  run(command: ScenarioCommand): readonly string[] {
    this.#second += 1;
    this.#act(command);
    return this.#look();
  }

  #act({ name, words, options }: ScenarioCommand): void {
    const [first = ''] = words;
    const beneath = this.#revisions.get(first);
    switch (name) {
      case 'apply':
        return this.#apply();
      case 'delete':
        this.#revisions.delete(first);
        return;
      case 'deployment':
        if (beneath) beneath.deployment = deploymentOf(options);
        return;
      case 'autoscaler':
        if (beneath) beneath.podAutoscaler = autoscalerOf(first, options);
        return;
      case 'pod':
        if (beneath) beneath.pods = [podOf(options)];
        return;
      case 'route':
        this.#route = { revision: first, status: (options.get('ready') ?? 'True') as Condition['status'], reason: options.get('reason') ?? '' };
        return;
      default:
        throw new Error(`unknown command ${name}`);
    }
  }

  #apply(): void {
    this.#generation += 1;
    const revision = aRevision('hello', this.#generation, { conditions: [] });
    this.#service = { ...this.#service, metadata: { ...this.#service.metadata, generation: this.#generation } };
    this.#configuration = { ...this.#configuration, metadata: { ...this.#configuration.metadata, generation: this.#generation } };
    this.#revisions.set(revision.metadata.name, { revision, deployment: undefined, podAutoscaler: undefined, pods: [] });
  }

  /** As the controllers do, from below. */
  #look(): readonly string[] {
    const now = new Date(Date.UTC(2026, 0, 1, 0, 0, this.#second)).toISOString();
    for (const beneath of this.#revisions.values()) beneath.revision = { ...beneath.revision, status: revisionStatus({ ...beneath, now }) };
    const revisions = [...this.#revisions.values()].map(({ revision }) => revision);
    const latestCreated = revisions.at(-1);
    const lines = revisions.map(({ metadata, status }) => `${metadata.name}: ${describe(status?.conditions, ['Ready', 'ResourcesAvailable', 'ContainerHealthy', 'Active'])}`);
    if (!latestCreated) return lines;
    this.#configuration = { ...this.#configuration, status: configurationStatus({ configuration: this.#configuration, latestCreated, revisions, now }) };
    const { latestReadyRevisionName = 'none', conditions } = this.#configuration.status ?? {};
    this.#service = { ...this.#service, status: serviceStatus({ service: this.#service, configuration: this.#configuration, route: this.#routeObject(now), now }) };
    return [
      ...lines,
      `Configuration: ${describe(conditions, ['Ready'])}, latest ready ${latestReadyRevisionName}`,
      `Service: ${describe(this.#service.status?.conditions, ['Ready', 'ConfigurationsReady', 'RoutesReady'])}`,
    ];
  }

  #routeObject(now: string) {
    if (!this.#route) return undefined;
    const { revision, status, reason } = this.#route;
    const route = aRoute('hello', [{ revisionName: revision, latestRevision: true, percent: 100 }], { generation: 1 });
    const ready: Condition = { type: 'Ready', status, lastTransitionTime: now, ...(reason === '' ? {} : { reason }) };
    return { ...route, status: { ...route.status, observedGeneration: 1, conditions: [ready] } };
  }
}

function describe(conditions: readonly Condition[] | undefined, types: readonly string[]): string {
  return types
    .map((type) => {
      const { status = 'absent', reason = '', message = '' } = conditions?.find((found) => found.type === type) ?? {};
      const why = [reason, message && JSON.stringify(message)].filter((part) => part !== '').join(' ');
      return `${type} ${status}${why === '' ? '' : ` (${why})`}`;
    })
    .join(', ');
}

type Options = ReadonlyMap<string, string>;

/** `progressing=True|False|Unknown reason=… message=… ready=N`. */
function deploymentOf(options: Options): DeploymentView {
  const readyReplicas = Number(options.get('ready') ?? 0);
  const condition: Condition = {
    type: 'Progressing',
    status: (options.get('progressing') ?? 'Unknown') as Condition['status'],
    reason: options.get('reason') ?? '',
    message: options.get('message') ?? '',
  };
  return { spec: { replicas: Number(options.get('wants') ?? 1) }, status: { readyReplicas, availableReplicas: readyReplicas, conditions: [condition] } };
}

/** `active=True|False|Unknown reason=… initialized=True|False`. */
function autoscalerOf(revision: string, options: Options): PodAutoscaler {
  const condition = (type: string, status: string, reason = ''): Condition => ({ type, status: status as Condition['status'], reason });
  return {
    ...aPodAutoscaler(revision),
    status: {
      serviceName: revision,
      conditions: [condition('Active', options.get('active') ?? 'Unknown', options.get('reason')), condition('ScaleTargetInitialized', options.get('initialized') ?? 'Unknown')],
    },
  };
}

/** `exit=N message=…` for a container that ended, `waiting=REASON message=…` for one that does not begin. */
function podOf(options: Options): PodView {
  const message = options.get('message') ?? '';
  const exit = options.get('exit');
  const waiting = options.get('waiting');
  const state = exit === undefined ? (waiting === undefined ? { running: {} } : { waiting: { reason: waiting, message } }) : { terminated: { exitCode: Number(exit), message } };
  return { metadata: { name: 'pod' }, status: { containerStatuses: [{ name: 'user-container', state }] } };
}
