/**
 * Variables by which programs are told to send their HTTP requests to the proxy. Most clients take them: curl, Go, Python's, Java's not; Node's with
 * `NODE_USE_ENV_PROXY=1`. Pure.
 */
import { podAddressReference } from './bootstrap-parts.ts';
import { httpProxyPort } from './names.ts';
import type { PodContainer, PodVariable } from './pod.ts';
import type { PodSettings } from './pod-settings.ts';

/** What was added to a container. */
export interface AddedVariables {
  readonly container: string;
  readonly names: readonly string[];
}

const names = { proxy: ['http_proxy', 'HTTP_PROXY'], exempt: ['no_proxy', 'NO_PROXY'] } as const;

/** A container that says any of this itself is left alone. */
export function addHttpProxy(container: PodContainer, settings: Pick<PodSettings, 'addresses'>): { readonly container: PodContainer; readonly added: AddedVariables | undefined } {
  const all = variables(settings);
  if (container.env?.some(({ name }) => all.some((ours) => ours.name.toLowerCase() === name.toLowerCase()))) return { container, added: undefined };
  return { container: { ...container, env: [...(container.env ?? []), ...all] }, added: { container: container.name, names: all.map(({ name }) => name) } };
}

/** The container without what was added to it. A list that was not there before, goes. */
export function removeHttpProxy(container: PodContainer, added: readonly AddedVariables[]): PodContainer {
  const ours = added.find((one) => one.container === container.name)?.names;
  if (!ours || !container.env) return container;
  const env = container.env.filter(({ name }) => !ours.includes(name));
  if (env.length > 0 || container.env.length > ours.length) return { ...container, env };
  const { env: _env, ...rest } = container;
  return rest;
}

function variables({ addresses }: Pick<PodSettings, 'addresses'>): PodVariable[] {
  const isShared = addresses === 'shared';
  const url = isShared ? `http://${podAddressReference}:$(SLUICE_PORT_${httpProxyPort})` : `http://127.0.0.1:${httpProxyPort}`;
  return [
    // Before what refers to them.
    ...(isShared ? [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }, { name: `SLUICE_PORT_${httpProxyPort}`, value: String(httpProxyPort) }] : []),
    ...names.proxy.map((name) => ({ name, value: url })),
    ...names.exempt.map((name) => ({ name, value: 'localhost,127.0.0.1' })),
  ];
}
