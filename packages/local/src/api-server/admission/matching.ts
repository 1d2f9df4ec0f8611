/** Which webhooks a write concerns (apiserver's `admission/plugin/webhook/predicates`). Pure. */
import type { JsonObject } from '../json.ts';
import { objectAt } from '../json.ts';
import type { ResourceKind } from '../resources/resource-kind.ts';
import type { WriteAttributes, WriteObjects } from './attributes.ts';
import type { Rule, Webhook } from './webhook.ts';

/**
 * The kind in whose version the webhook wants to be asked: the write's own, or another version of the same objects. Undefined when
 * no rule takes it in.
 * @param kinds all that the server offers
 */
export function matchRules(webhook: Webhook, attributes: WriteAttributes, kinds: readonly ResourceKind[]): ResourceKind | undefined {
  const { kind } = attributes;
  if (webhook.rules.some((rule) => takesIn(rule, attributes, kind))) return kind;
  if (!webhook.takesEquivalents) return undefined;
  const others = kinds.filter((one) => one !== kind && one.storedAs === kind.storedAs);
  return others.find((other) => webhook.rules.some((rule) => takesIn(rule, attributes, other)));
}

function takesIn(rule: Rule, { operation, subresource }: WriteAttributes, kind: ResourceKind): boolean {
  const isNamespaced = kind.namespaced;
  if (rule.scope !== '*' && (rule.scope === 'Namespaced') !== isNamespaced) return false;
  return (
    hasOrAll(rule.operations, operation) &&
    hasOrAll(rule.groups, kind.group) &&
    hasOrAll(rule.versions, kind.version) &&
    rule.resources.some((resource) => {
      const [plural = '', part = ''] = resource.split('/');
      return (plural === '*' || plural === kind.plural) && (part === '*' || part === subresource);
    })
  );
}

function hasOrAll(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

/**
 * By the labels of its namespace and its own, before or after the change.
 * @param namespaceLabels of the namespace it is in
 */
export function matchSelectors(webhook: Webhook, attributes: WriteAttributes, { object, oldObject }: WriteObjects, namespaceLabels: JsonObject): boolean {
  if (!webhook.objectSelector(labelsOf(object)) && !(oldObject && webhook.objectSelector(labelsOf(oldObject)))) return false;
  const isNamespace = attributes.kind.storedAs === '/namespaces';
  if (attributes.namespace === '' && !isNamespace) return true;
  // A namespace is judged by the labels it is about to have.
  return webhook.namespaceSelector(isNamespace && object ? labelsOf(object) : namespaceLabels);
}

function labelsOf(object: JsonObject | undefined): JsonObject {
  return objectAt(objectAt(object, 'metadata'), 'labels');
}
