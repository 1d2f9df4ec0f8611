/** One webhook of a configuration, read once when it was written. */
import type { JsonObject } from '../json.ts';
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import { matcherOf, type LabelMatcher } from '../selectors/label-selector.ts';

export type Destination =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string; readonly port: number; readonly path: string };

export interface Rule {
  readonly operations: readonly string[];
  readonly groups: readonly string[];
  readonly versions: readonly string[];
  /** `pods`, `pods/status`, `pods/*`, `*`, `*` + `/scale`, `*` + `/*`. */
  readonly resources: readonly string[];
  readonly scope: string;
}

export interface Webhook {
  /** Unlike the name, no two webhooks share it. */
  readonly id: string;
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly namespaceSelector: LabelMatcher;
  readonly objectSelector: LabelMatcher;
  /** Requests in other versions of the same objects are converted and asked about, too. */
  readonly takesEquivalents: boolean;
  /** What happens when it cannot be asked: the write fails, or goes on. */
  readonly failsOpen: boolean;
  readonly timeoutMs: number;
  /** May be asked again when a later one has changed the object. */
  readonly isReinvocable: boolean;
  readonly destination: Destination;
  /** Certificates in PEM by which it is believed; empty for those of the system. */
  readonly authorities: string;
}

/** The webhooks of a configuration, in their order. @param configuration as the server keeps it: complete and valid */
export function readWebhooks(configuration: JsonObject): Webhook[] {
  const owner = textAt(objectAt(configuration, 'metadata'), 'name');
  return listAt(configuration, 'webhooks').filter((one) => isObject(one)).map((hook, index) => readWebhook(hook, `${owner}/${textAt(hook, 'name')}/${index}`));
}

function readWebhook(hook: JsonObject, id: string): Webhook {
  const config = objectAt(hook, 'clientConfig');
  return {
    id,
    name: textAt(hook, 'name'),
    rules: listAt(hook, 'rules').filter((one) => isObject(one)).map(readRule),
    namespaceSelector: matcherOf(objectAt(hook, 'namespaceSelector')),
    objectSelector: matcherOf(objectAt(hook, 'objectSelector')),
    takesEquivalents: textAt(hook, 'matchPolicy') !== 'Exact',
    failsOpen: textAt(hook, 'failurePolicy') === 'Ignore',
    timeoutMs: Number(hook['timeoutSeconds']) * 1000,
    isReinvocable: textAt(hook, 'reinvocationPolicy') === 'IfNeeded',
    destination: readDestination(config),
    authorities: Buffer.from(textAt(config, 'caBundle'), 'base64').toString('utf8'),
  };
}

function readRule(rule: JsonObject): Rule {
  const texts = (field: string): string[] => listAt(rule, field).map(String);
  return {
    operations: texts('operations'),
    groups: texts('apiGroups'),
    versions: texts('apiVersions'),
    resources: texts('resources'),
    scope: textAt(rule, 'scope'),
  };
}

function readDestination(config: JsonObject): Destination {
  const service = config['service'];
  if (!isObject(service)) return { kind: 'url', url: textAt(config, 'url') };
  return {
    kind: 'service',
    namespace: textAt(service, 'namespace'),
    name: textAt(service, 'name'),
    port: Number(service['port']),
    path: textAt(service, 'path') || '/',
  };
}
