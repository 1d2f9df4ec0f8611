/** How objects end: finalizers, owners and what belongs to them. */
import { addFinalizer, configMaps, removeFinalizer, type ConfigMap } from '@sluice/kubernetes';
import { holds, refused, same } from './expect.ts';
import { map, until, type Case, type World } from './world.ts';

const finalizer = 'conformance.sluice.dev/held';

const find = (world: World, name: string) => world.client.resource(configMaps).find({ namespace: world.namespace, name });

/** An owner, and a map that belongs to it. */
async function family(world: World, finalizers: readonly string[] = []): Promise<ConfigMap> {
  const resource = world.client.resource(configMaps);
  const owner = await resource.create(map(world, 'owner'));
  const reference = { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata.uid ?? '', blockOwnerDeletion: true };
  await resource.create(map(world, 'dependent', { metadata: { ownerReferences: [reference], ...(finalizers.length > 0 ? { finalizers } : {}) } }));
  return owner;
}

export const life: readonly Case[] = [
  {
    name: 'a finalizer holds a deleted object until it is taken away',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const reference = { namespace: world.namespace, name: 'held' };
      const held = await addFinalizer(resource, await resource.create(map(world, 'held')), finalizer);
      await resource.delete(reference);
      const marked = await resource.get(reference);
      holds(marked.metadata.deletionTimestamp !== undefined, 'it is marked');
      await refused(resource.patch(reference, { type: 'merge', body: { metadata: { finalizers: [finalizer, 'conformance.sluice.dev/more'] } } }), 422, 'Invalid');
      same(await addFinalizer(resource, marked, 'conformance.sluice.dev/more'), undefined);
      await removeFinalizer(resource, held ?? marked, finalizer);
      same(await resource.find(reference), undefined);
      same(await removeFinalizer(resource, marked, finalizer), undefined);
    },
  },
  {
    name: 'finalizers of several are put on and taken off side by side',
    async run(world) {
      const resource = world.client.resource(configMaps);
      const made = await resource.create(map(world, 'busy'));
      const names = ['a', 'b', 'c'].map((name) => `conformance.sluice.dev/${name}`);
      await Promise.all(names.map((name) => addFinalizer(resource, made, name)));
      same([...((await resource.get({ namespace: world.namespace, name: 'busy' })).metadata.finalizers ?? [])].sort(), names);
      const busy = await resource.get({ namespace: world.namespace, name: 'busy' });
      await Promise.all(names.map((name) => removeFinalizer(resource, busy, name)));
      same((await resource.get({ namespace: world.namespace, name: 'busy' })).metadata.finalizers, undefined);
    },
  },
  {
    name: 'what belongs to a deleted object goes after it',
    async run(world) {
      await family(world);
      await world.client.resource(configMaps).delete({ namespace: world.namespace, name: 'owner' }, { propagationPolicy: 'Background' });
      same(await find(world, 'owner'), undefined);
      await until('the dependent has gone', async () => (await find(world, 'dependent')) === undefined);
    },
  },
  {
    name: 'what belongs to a deleted object goes before it, where that is asked for',
    async run(world) {
      await family(world, [finalizer]);
      await world.client.resource(configMaps).delete({ namespace: world.namespace, name: 'owner' }, { propagationPolicy: 'Foreground' });
      await until('the dependent is on its way', async () => (await find(world, 'dependent'))?.metadata.deletionTimestamp !== undefined);
      const owner = await find(world, 'owner');
      same(owner?.metadata.finalizers, ['foregroundDeletion'], 'what holds the owner');
      const dependent = await find(world, 'dependent');
      if (dependent) await removeFinalizer(world.client.resource(configMaps), dependent, finalizer);
      await until('the owner has gone', async () => (await find(world, 'owner')) === undefined);
    },
  },
  {
    name: 'what belonged to a deleted object stays, where that is asked for, and belongs to nobody',
    async run(world) {
      await family(world);
      await world.client.resource(configMaps).delete({ namespace: world.namespace, name: 'owner' }, { propagationPolicy: 'Orphan' });
      await until('the owner has gone', async () => (await find(world, 'owner')) === undefined);
      same((await find(world, 'dependent'))?.metadata.ownerReferences, undefined);
    },
  },
];
