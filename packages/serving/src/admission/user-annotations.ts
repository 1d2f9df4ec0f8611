/** Who made an object and who last changed what it asks for: said by those who let it in, and by nobody else. */
import type { ServingObject } from '../api/object.ts';
import { annotations } from '../labels.ts';
import { isSameContent } from '../names.ts';
import { because, invalidValue, within, type FieldProblem } from '../validation/field-problem.ts';

/**
 * `object` with its `creator` and `lastModifier`.
 * @param user empty: not known, and nothing is said
 * @param old undefined of one that is new
 */
export function withUser<T extends ServingObject>(object: T, old: ServingObject | undefined, user: string): T {
  if (user === '' || (old && isSameContent(specOf(old), specOf(object)))) return object;
  const said = old ? { [annotations.lastModifier]: user } : { [annotations.creator]: user, [annotations.lastModifier]: user };
  return { ...object, metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, ...said } } };
}

/** Users cannot say it themselves. */
export function checkUser(object: ServingObject, old: ServingObject): FieldProblem[] {
  const [before, after] = [old.metadata.annotations ?? {}, object.metadata.annotations ?? {}];
  const { creator, lastModifier } = annotations;
  const found: FieldProblem[] = [];
  if (before[creator] !== after[creator]) found.push(because('annotation value is immutable', creator));
  if (before[lastModifier] !== after[lastModifier] && isSameContent(specOf(old), specOf(object))) {
    found.push(invalidValue(after[lastModifier] ?? '', lastModifier));
  }
  return within('metadata.annotations', found);
}

/** What belongs to a Service is written by controllers, and inherits what the Service says. */
export function isOwned({ metadata }: ServingObject): boolean {
  return (metadata.ownerReferences ?? []).length > 0;
}

function specOf(object: ServingObject): unknown {
  return (object as { readonly spec?: unknown }).spec;
}
