/** In which form a webhook sees an object: in the version it asks for, and as a Scale where only that is written. */
import type { JsonObject } from '../json.ts';
import type { ResourceKind } from '../resources/resource-kind.ts';
import { scaleOf, withScale } from '../verbs/scale.ts';
import type { ReviewedKind } from './admission-review.ts';

export interface ReviewForm {
  readonly kind: ReviewedKind;
  show(object: JsonObject): JsonObject;
  /** The object with what the webhook made of its view. */
  takeBack(shown: JsonObject, object: JsonObject): JsonObject;
}

/** @param stated the kind of the request; @param asked the kind that the webhook wants to see */
export function reviewForm(stated: ResourceKind, asked: ResourceKind, subresource: string): ReviewForm {
  const resource = { group: asked.group, version: asked.version, plural: asked.plural };
  const { scale } = stated;
  if (subresource === 'scale' && scale) {
    return {
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale', resource },
      show: (object) => scaleOf(object, scale),
      takeBack: (shown, object) => withScale(object, shown, stated, scale),
    };
  }
  const kind = { group: asked.group, version: asked.version, kind: asked.kind, resource };
  if (asked === stated) return { kind, show: (object) => object, takeBack: (shown) => shown };
  return {
    kind,
    show: (object) => converted(object, stated, asked),
    takeBack: (shown) => converted(shown, asked, stated),
  };
}

function converted(object: JsonObject, from: ResourceKind, to: ResourceKind): JsonObject {
  const stored = from.conversion ? from.conversion.toStored(object) : object;
  return to.conversion ? to.conversion.fromStored(stored) : stored;
}
