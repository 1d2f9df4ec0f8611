/** Which objects of a collection a list, a watch or a delete is about. */
import type { JsonObject } from '../json.ts';
import { objectAt } from '../json.ts';
import type { ResourceKind } from '../resources/resource-kind.ts';
import { parseFieldSelector, selectedName } from '../selectors/field-selector.ts';
import { parseLabelSelector } from '../selectors/label-selector.ts';

export interface Selection {
  readonly namespace: string | undefined;
  /** The only name that can be selected, when the selector says so. */
  readonly name: string | undefined;
  /** False: everything in the namespace. */
  readonly isNarrowed: boolean;
  /** @param object in the version of the request */
  matches(object: JsonObject): boolean;
}

/** @throws StatusError 400 on a selector that cannot be read */
export function readSelection(kind: ResourceKind, namespace: string | undefined, query: URLSearchParams): Selection {
  const labels = parseLabelSelector(query.get('labelSelector') ?? '');
  const fieldText = query.get('fieldSelector') ?? '';
  const fields = parseFieldSelector(fieldText, ['metadata.name', 'metadata.namespace', ...kind.selectableFields], kind.custom);
  return {
    namespace: namespace ?? selectedNamespace(fieldText),
    name: selectedName(fieldText),
    isNarrowed: labels !== undefined || fields !== undefined,
    matches: (object) =>
      (labels === undefined || labels(objectAt(objectAt(object, 'metadata'), 'labels'))) &&
      (fields === undefined || fields(object)),
  };
}

function selectedNamespace(text: string): string | undefined {
  return /^metadata\.namespace==?([^,=!\\]+)$/.exec(text)?.[1];
}
