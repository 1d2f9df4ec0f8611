import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { typeNameOf } from '../config/extensions-of.ts';
import { validateBootstrapFile } from '../config/validate-bootstrap.ts';
import { standardFilters } from './standard-filters.ts';

const sample = fileURLToPath(new URL('../../testdata/filters.yaml', import.meta.url));

test('the sample has every filter there is, and no problem', async () => {
  const checked = await validateBootstrapFile(sample, standardFilters);
  expect(checked).toMatchObject({ ok: true, problems: [] });
  const listeners = checked.ok ? checked.value.bootstrap.staticResources.listeners : [];
  const used = listeners.flatMap(({ filterChains }) => filterChains[0]?.filters[0]?.config.httpFilters ?? []);
  expect(used.map(({ typeName }) => typeName).toSorted()).toEqual(standardFilters.map(typeNameOf).toSorted());
});
