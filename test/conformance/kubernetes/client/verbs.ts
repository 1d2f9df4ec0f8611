/** Reading and writing one object, and lists in pages. */
import { configMaps, isNotFound } from '@sluice/kubernetes';
import { holds, refused, same } from './expect.ts';
import { clientOver, map, type Case } from './world.ts';

export const verbs: readonly Case[] = [
  {
    name: 'an object that is created is read back, with uid, version and time',
    async run(world) {
      const made = await world.client.resource(configMaps).create(map(world, 'made', { data: { a: '1' } }));
      const read = await world.client.resource(configMaps).get({ namespace: world.namespace, name: 'made' });
      same(read, { ...read, ...made });
      holds(/^[0-9a-f-]{36}$/.test(read.metadata.uid ?? ''), 'a uid is a UUID');
      holds(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(read.metadata.creationTimestamp ?? ''), 'times have whole seconds');
    },
  },
  {
    name: 'a name that is taken is refused as such, and a missing one is no object',
    async run(world) {
      const resource = world.client.resource(configMaps);
      await resource.create(map(world, 'taken'));
      await refused(resource.create(map(world, 'taken')), 409, 'AlreadyExists');
      await refused(resource.get({ namespace: world.namespace, name: 'missing' }), 404, 'NotFound');
      same(await resource.find({ namespace: world.namespace, name: 'missing' }), undefined);
      await refused(resource.create(map({ ...world, namespace: `no-such-${world.run}` }, 'x')), 404, 'NotFound');
    },
  },
  {
    name: 'a free name is made from a prefix',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '', generateName: 'gen-', namespace: world.namespace } };
      const [first, second] = [await resource.create(object), await resource.create(object)];
      holds(/^gen-[a-z0-9]{5}$/.test(first.metadata.name), 'five letters or digits follow the prefix');
      holds(first.metadata.name !== second.metadata.name, 'two names differ');
    },
  },
  {
    name: 'a stale update is refused, and goes through after another look',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const seen = await resource.create(map(world, 'contended'));
      await resource.update({ ...seen, data: { by: 'another' } });
      await refused(resource.update({ ...seen, data: { by: 'us' } }), 409, 'Conflict');
      const fresh = await resource.get({ namespace: world.namespace, name: 'contended' });
      same((await resource.update({ ...fresh, data: { by: 'us' } })).data, { by: 'us' });
    },
  },
  {
    name: 'a write without effect keeps the version',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const made = await resource.create(map(world, 'still', { data: { a: '1' } }));
      const again = await resource.patch({ namespace: world.namespace, name: 'still' }, { type: 'merge', body: { data: { a: '1' } } });
      same(again.metadata.resourceVersion, made.metadata.resourceVersion);
    },
  },
  {
    name: 'patches change what they say: merge, JSON and strategic',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const reference = { namespace: world.namespace, name: 'patched' };
      await resource.create(map(world, 'patched', { data: { a: '1', b: '2' } }));
      same((await resource.patch(reference, { type: 'merge', body: { data: { b: null, c: '3' } } })).data, { a: '1', c: '3' });
      const operations = [
        { op: 'test' as const, path: '/data/a', value: '1' },
        { op: 'replace' as const, path: '/data/a', value: '4' },
      ];
      same((await resource.patch(reference, { type: 'json', operations })).data, { a: '4', c: '3' });
      await refused(resource.patch(reference, { type: 'json', operations }), 422, 'Invalid');
      same((await resource.patch(reference, { type: 'strategic-merge', body: { data: { d: '5' } } })).data, { a: '4', c: '3', d: '5' });
    },
  },
  {
    name: 'a dry run answers as a write and keeps nothing',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const made = await resource.create(map(world, 'dry'), { dryRun: true });
      holds(made.metadata.uid !== undefined, 'it is complete');
      same(await resource.find({ namespace: world.namespace, name: 'dry' }), undefined);
    },
  },
  {
    name: 'unknown fields are refused where that is asked for, and dropped otherwise',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const odd = { ...map(world, 'odd'), colour: 'red' };
      const refusal = await refused(resource.create(odd, { fieldValidation: 'Strict' }), 400, 'BadRequest');
      holds(refusal.message.includes('unknown field "colour"'), 'the field is named');
      holds(!('colour' in (await resource.create(odd, { fieldValidation: 'Ignore' }))), 'the field is dropped');
    },
  },
  {
    name: 'deleting is over when it is over, and may be said again',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const reference = { namespace: world.namespace, name: 'gone' };
      const made = await resource.create(map(world, 'gone'));
      await refused(resource.delete(reference, { uid: '00000000-0000-4000-8000-000000000000' }), 409, 'Conflict');
      await resource.delete(reference, { uid: made.metadata.uid ?? '' });
      await resource.delete(reference);
      holds(isNotFound(await resource.get(reference).catch((reason: unknown) => reason)), 'it has gone');
    },
  },
  {
    name: 'a list in pages is the same as one in a piece, whatever is written meanwhile',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const names = Array.from({ length: 7 }, (_, index) => `page-${index}`);
      for (const name of names) await resource.create(map(world, name, { metadata: { labels: { case: 'pages' } } }));
      const options = { namespace: world.namespace, labelSelector: 'case=pages', limit: 3 };
      const first = await resource.list(options);
      await resource.create(map(world, 'page-5-late', { metadata: { labels: { case: 'pages' } } }));
      await resource.delete({ namespace: world.namespace, name: 'page-4' });
      const second = await resource.list({ ...options, continue: first.metadata.continue ?? '' });
      const third = await resource.list({ ...options, continue: second.metadata.continue ?? '' });
      same([...first.items, ...second.items, ...third.items].map((one) => one.metadata.name), names);
      same([second.metadata.resourceVersion, third.metadata.resourceVersion], [first.metadata.resourceVersion, first.metadata.resourceVersion], 'versions of the pages');
      same(third.metadata.continue ?? '', '');
    },
  },
  {
    name: 'selectors choose by labels and by name',
    async run(world) {
      const resource = world.client.resource(configMaps);
      await resource.create(map(world, 'one', { metadata: { labels: { tier: 'front', stage: 'a' } } }));
      await resource.create(map(world, 'two', { metadata: { labels: { tier: 'back', stage: 'b' } } }));
      await resource.create(map(world, 'three', { metadata: { labels: { stage: 'b' } } }));
      const select = async (labelSelector: string) => (await resource.list({ namespace: world.namespace, labelSelector })).items.map((one) => one.metadata.name);
      same(await select('tier=front'), ['one']);
      same(await select('tier,stage!=a'), ['two']);
      same(await select('!tier,stage'), ['three']);
      same(await select('stage in (a,b),tier notin (back)'), ['one', 'three']);
      const byName = await resource.list({ namespace: world.namespace, fieldSelector: 'metadata.name=two' });
      same(byName.items.map((one) => one.metadata.name), ['two']);
      await refused(resource.list({ namespace: world.namespace, labelSelector: 'a in' }), 400, 'BadRequest');
      await refused(resource.list({ namespace: world.namespace, fieldSelector: 'data.a=1' }), 400, 'BadRequest');
    },
  },
  {
    name: 'two clients have names of their own in the book of who owns what',
    async run(world) {
      const reference = { namespace: world.namespace, name: 'owned' };
      await clientOver(world.transport, 'first').resource(configMaps).create(map(world, 'owned', { data: { a: '1' } }));
      await clientOver(world.transport, 'second').resource(configMaps).patch(reference, { type: 'merge', body: { data: { b: '2' } } });
      const { metadata } = await world.client.resource(configMaps).get(reference);
      const managers = (metadata.managedFields ?? []) as readonly { readonly manager?: string; readonly operation?: string }[];
      same(managers.map(({ manager, operation }) => `${manager} ${operation}`).sort(), ['first Update', 'second Update']);
    },
  },
];
