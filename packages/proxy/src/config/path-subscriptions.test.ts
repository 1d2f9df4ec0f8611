import { typeUrls } from '@sluice/resources';
import { expect, test } from 'vitest';
import { pathSubscriptions } from './path-subscriptions.ts';

test('the same field asks for routes or for settings of filters, by where it stands', () => {
  const from = (path: string) => ({ path_config_source: { path } });
  const manager = { rds: { config_source: from('routes.yaml') }, http_filters: [{ name: 'fault', config_discovery: { config_source: from('fault.yaml') } }] };
  expect(pathSubscriptions({ filters: [{ typed_config: manager }] })).toEqual([
    { typeUrl: typeUrls.routeConfiguration, path: 'routes.yaml', isWhole: false },
    { typeUrl: typeUrls.extensionConfig, path: 'fault.yaml', isWhole: false },
  ]);
});
