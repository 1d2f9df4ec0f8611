/** Server-side apply: fields have owners. */
import { configMaps } from '@sluice/kubernetes';
import { holds, refused, same } from './expect.ts';
import { clientOver, map, type Case, type World } from './world.ts';

const as = (world: World, manager: string) => clientOver(world.transport, manager).resource(configMaps);

export const ownership: readonly Case[] = [
  {
    name: 'an apply creates, and the same one again changes nothing',
    async run(world) {
      const first = await as(world, 'one').apply(map(world, 'applied', { data: { a: '1' } }));
      const again = await as(world, 'one').apply(map(world, 'applied', { data: { a: '1' } }));
      same(again.metadata.resourceVersion, first.metadata.resourceVersion);
    },
  },
  {
    name: 'what a manager no longer says goes, unless another says it too',
    async run(world) {
      await as(world, 'one').apply(map(world, 'shared', { data: { mine: '1', ours: '1' } }));
      await as(world, 'two').apply(map(world, 'shared', { data: { ours: '1' } }), { force: false });
      same((await as(world, 'one').apply(map(world, 'shared'))).data, { ours: '1' });
      same((await as(world, 'two').apply(map(world, 'shared'))).data, undefined);
    },
  },
  {
    name: 'a field of another is refused with his name, and taken with force',
    async run(world) {
      await as(world, 'one').apply(map(world, 'disputed', { data: { a: '1' } }));
      const refusal = await refused(as(world, 'two').apply(map(world, 'disputed', { data: { a: '2' } }), { force: false }), 409, 'Conflict');
      same(refusal.details.causes?.map(({ reason, field }) => `${reason} ${field}`), ['FieldManagerConflict .data.a']);
      holds(refusal.message.includes('"one"'), 'the owner is named');
      same((await as(world, 'two').apply(map(world, 'disputed', { data: { a: '2' } }), { force: true })).data, { a: '2' });
      await refused(as(world, 'one').apply(map(world, 'disputed', { data: { a: '1' } }), { force: false }), 409, 'Conflict');
    },
  },
  {
    name: 'an update takes what it changes, so an apply that disagrees is refused',
    async run(world) {
      await as(world, 'one').apply(map(world, 'edited', { data: { a: '1' } }));
      await as(world, 'editor').patch({ namespace: world.namespace, name: 'edited' }, { type: 'merge', body: { data: { a: '2' } } });
      await refused(as(world, 'one').apply(map(world, 'edited', { data: { a: '1' } }), { force: false }), 409, 'Conflict');
    },
  },
  {
    name: 'a dry run of an apply shows the outcome and keeps nothing',
    async run(world) {
      await as(world, 'one').apply(map(world, 'tried', { data: { a: '1' } }));
      same((await as(world, 'one').apply(map(world, 'tried', { data: { a: '2' } }), { dryRun: true })).data, { a: '2' });
      same((await world.client.resource(configMaps).get({ namespace: world.namespace, name: 'tried' })).data, { a: '1' });
    },
  },
];
