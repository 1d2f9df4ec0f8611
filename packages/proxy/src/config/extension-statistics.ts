/** How settings of filters come by discovery, under Envoy's names: `extension_config_discovery.http_filter.<name>.config_reload`. */
import type { Meter } from '@sluice/kernel';
import type { ConfigUpdate, RejectedResource } from './config-source.ts';

const prefix = 'envoy_extension_config_discovery_http_filter';

export function countExtensions(meter: Meter, { changed }: ConfigUpdate, rejected: readonly RejectedResource[]): void {
  const refused = new Set(rejected.map(({ name }) => name));
  for (const { name } of changed) {
    const labels = { envoy_ecds_name: name };
    if (refused.has(name)) meter.counter(`${prefix}_config_fail`, 'configurations of filters refused', labels).add();
    else meter.counter(`${prefix}_config_reload`, 'configurations of filters taken', labels).add();
  }
}
