/** A kind that a definition has made: schema, status and scale. */
import { customResourceDefinitions, type Condition, type KubernetesObject, type ResourceKind } from '@sluice/kubernetes';
import { holds, refused, same } from './expect.ts';
import { until, type Case, type World } from './world.ts';

interface Widget extends KubernetesObject {
  readonly spec?: { readonly size?: number; readonly colour?: string; readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly phase?: string };
}

const kindOf = ({ run }: World): ResourceKind<Widget> => ({ group: `${run}.conformance.sluice.dev`, version: 'v1', kind: 'Widget', plural: 'widgets', namespaced: true });

/** The definition lives outside the namespace, so each case takes it away again. */
async function withWidgets(world: World, work: (kind: ResourceKind<Widget>) => Promise<void>): Promise<void> {
  const kind = kindOf(world);
  const name = `${kind.plural}.${kind.group}`;
  const definitions = world.client.resource(customResourceDefinitions);
  await definitions.create(definitionOf(kind));
  try {
    await until('the definition is established', async () => {
      const { status } = (await definitions.get({ name })) as { readonly status?: { readonly conditions?: readonly Condition[] } };
      return (status?.conditions ?? []).some((one) => one.type === 'Established' && one.status === 'True');
    });
    await until('the kind is served', async () => world.client.resource(kind).list({ namespace: world.namespace }).then(() => true, () => false));
    await work(kind);
  } finally {
    await definitions.delete({ name });
    await until('the definition has gone', async () => (await definitions.find({ name })) === undefined);
  }
}

function definitionOf(kind: ResourceKind<Widget>) {
  const spec = {
    type: 'object',
    required: ['size'],
    properties: { size: { type: 'integer', minimum: 1 }, colour: { type: 'string', default: 'grey', enum: ['grey', 'red'] }, replicas: { type: 'integer' } },
  };
  const status = { type: 'object', properties: { replicas: { type: 'integer' }, phase: { type: 'string' } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${kind.plural}.${kind.group}` },
    spec: {
      group: kind.group,
      scope: 'Namespaced',
      names: { plural: kind.plural, kind: kind.kind },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', properties: { spec, status } } },
          subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
        },
      ],
    },
  } as const;
}

const widget = (world: World, kind: ResourceKind<Widget>, name: string, spec: Widget['spec']): Widget => ({
  apiVersion: `${kind.group}/v1`,
  kind: 'Widget',
  metadata: { name, namespace: world.namespace },
  ...(spec === undefined ? {} : { spec }),
});

export const custom: readonly Case[] = [
  {
    name: 'a schema completes, prunes and refuses',
    run: (world) =>
      withWidgets(world, async (kind) => {
        const resource = world.client.resource(kind);
        const made = await resource.create({ ...widget(world, kind, 'w', { size: 1 }), junk: 'x' } as Widget, { fieldValidation: 'Ignore' });
        same(made.spec, { size: 1, colour: 'grey' });
        holds(!('junk' in made), 'unknown fields are pruned');
        const refusal = await refused(resource.create(widget(world, kind, 'bad', { size: 0, colour: 'blue' })), 422, 'Invalid');
        same(refusal.details.causes?.map(({ field }) => field).sort(), ['spec.colour', 'spec.size']);
        await refused(resource.create(widget(world, kind, 'empty', {})), 422, 'Invalid');
      }),
  },
  {
    name: 'a status has a door of its own, and neither door opens the other',
    run: (world) =>
      withWidgets(world, async (kind) => {
        const resource = world.client.resource(kind);
        const reference = { namespace: world.namespace, name: 'w' };
        const made = await resource.create({ ...widget(world, kind, 'w', { size: 1 }), status: { phase: 'claimed' } });
        same([made.status, made.metadata.generation], [undefined, 1]);
        const told = await resource.updateStatus({ ...made, spec: { size: 9 }, status: { phase: 'ready' } });
        same([told.spec?.size, told.status, told.metadata.generation], [1, { phase: 'ready' }, 1]);
        const changed = await resource.update({ ...told, spec: { size: 2 }, status: { phase: 'forged' } });
        same([changed.spec?.size, changed.status, changed.metadata.generation], [2, { phase: 'ready' }, 2]);
        same((await resource.patchStatus(reference, { replicas: 3 })).status, { phase: 'ready', replicas: 3 });
        await refused(resource.updateStatus({ ...made, status: { phase: 'stale' } }), 409, 'Conflict');
      }),
  },
  {
    name: 'a scale reads and sets the number of replicas, and knows versions',
    run: (world) =>
      withWidgets(world, async (kind) => {
        const resource = world.client.resource(kind);
        const reference = { namespace: world.namespace, name: 'w' };
        const made = await resource.create(widget(world, kind, 'w', { size: 1, replicas: 1 }));
        await resource.patchStatus(reference, { replicas: 1 });
        const scale = await resource.getScale(reference);
        same([scale.spec?.replicas, scale.status?.replicas], [1, 1]);
        await resource.setScale(reference, 4);
        same((await resource.get(reference)).spec?.replicas, 4);
        await refused(resource.setScale(reference, 5, made.metadata.resourceVersion), 409, 'Conflict');
        await refused(resource.setScale(reference, -1), 422, 'Invalid');
      }),
  },
];
