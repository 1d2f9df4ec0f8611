/**
 * From the serving model to what each group of proxies is told. A pure function: the same model gives the same
 * resources, byte for byte.
 */
import type { Problem } from '@sluice/kernel';
import type { ServingModel } from '@sluice/serving';

import type { NodeGroup } from './names.ts';
import type { TranslateOptions } from './options.ts';
import type { TranslatedResource } from './resource.ts';
import { Translator, viewOf } from './translator.ts';

export type TranslatedGroups = Readonly<Record<NodeGroup, readonly TranslatedResource[]>>;

export interface Translation {
  readonly groups: TranslatedGroups;
  /** By route: why it is left out. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
}

/** All resources of all groups. */
export function translate(model: ServingModel, options: TranslateOptions): TranslatedGroups {
  return translateOrSayWhy(model, options).groups;
}

/** All resources of all groups, and why routes are not among them that no proxy could use. */
export function translateOrSayWhy(model: ServingModel, options: TranslateOptions): Translation {
  const translator = new Translator(options);
  const { view, change } = viewOf(model);
  translator.update(view, change);
  return { groups: translator.resources(), problems: translator.problems };
}
