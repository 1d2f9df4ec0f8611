/** Objects → ServingModel, all at once. */
import type { ServingModel } from '../serving-model.ts';
import { LiveModel, type BuildOptions, type ObjectList } from './live-model.ts';
import { identityOf } from './readable-objects.ts';
import type { ServingObjects } from './serving-objects.ts';

export function build(objects: ServingObjects, options: BuildOptions): ServingModel {
  const model = new LiveModel(options);
  for (const list of Object.keys(objects) as ObjectList[]) {
    (objects[list] ?? []).forEach((object, index) => {
      const { namespace, name } = identityOf(object);
      // Who cannot say who it is must not be taken for another such.
      model.set(list, name === '' ? `${namespace}/#${index}` : `${namespace}/${name}`, object);
    });
  }
  model.take();
  return model.model();
}
