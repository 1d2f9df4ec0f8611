/** The settings of each component, read from its rendered container by the executable's own reader. */
import { readSettings as readActivator, type ActivatorSettings } from '@sluice/activator';
import { readSettings as readAutoscaler, type AutoscalerSettings } from '@sluice/autoscaler';
import { readConfigServerSettings, type ConfigServerSettings } from '@sluice/config-server';
import { readConfig as readController, type ControllerConfig } from '@sluice/controller';
import { readSettings as readGateway, type GatewaySettings } from '@sluice/gateway';
import { readSettings as readInjector, type InjectorSettings } from '@sluice/injector';
import type { Checked, Environment, Problem } from '@sluice/kernel';
import type { ComponentName, RenderedChart } from './rendered-chart.ts';

export interface AllSettings {
  readonly 'config-server': ConfigServerSettings;
  readonly controller: ControllerConfig;
  readonly autoscaler: AutoscalerSettings;
  readonly activator: ActivatorSettings;
  readonly gateway: GatewaySettings;
  readonly injector: InjectorSettings;
}

type Readers = { readonly [Name in ComponentName]: (flags: readonly string[], environment: Environment) => Checked<AllSettings[Name]> };

const readers: Readers = {
  'config-server': readConfigServerSettings,
  controller: readController,
  autoscaler: readAutoscaler,
  activator: readActivator,
  gateway: readGateway,
  injector: readInjector,
};

export interface ReadSettings<Settings> {
  readonly settings: Settings | undefined;
  readonly problems: readonly Problem[];
  /** Variables that the container is given and the executable does not look at. */
  readonly unreadVariables: readonly string[];
}

/** @param namespace where the chart was rendered for, which the kubelet tells the pod */
export function readSettings<Name extends ComponentName>(chart: RenderedChart, name: Name, namespace = 'mesh'): ReadSettings<AllSettings[Name]> {
  const { args, env } = chart.container(name);
  const fields: Readonly<Record<string, string>> = { 'metadata.name': `${name}-0`, 'metadata.namespace': namespace, 'status.podIP': '10.0.0.7' };
  const given = Object.fromEntries(env.map(({ name: variable, value, valueFrom }) => [variable, value ?? fields[valueFrom?.fieldRef.fieldPath ?? '']]));
  const read = new Set<string>();
  const environment = new Proxy(given, {
    get(target, variable: string) {
      read.add(variable);
      return target[variable];
    },
  });
  const checked = readers[name](args, environment);
  return {
    settings: checked.ok ? checked.value : undefined,
    problems: checked.problems,
    unreadVariables: Object.keys(given).filter((variable) => !read.has(variable)),
  };
}

/** As `readSettings`, for tests that are about something else. */
export function settingsOf<Name extends ComponentName>(chart: RenderedChart, name: Name): AllSettings[Name] {
  const { settings, problems } = readSettings(chart, name);
  if (settings === undefined) throw new Error(`${name}: ${JSON.stringify(problems)}`);
  return settings;
}
