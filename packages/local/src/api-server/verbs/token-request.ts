/** `serviceaccounts/token`: a token for a service account, for as long and for whom it is asked. */
import { API_AUDIENCE } from '../access/tokens.ts';
import type { JsonObject } from '../json.ts';
import { listAt, objectAt, textAt } from '../json.ts';
import { invalid } from '../status-error.ts';
import type { Entry } from '../store/object-store.ts';
import { formatTime, type ServerContext } from './context.ts';

const SECONDS_DEFAULT = 3600;
/** As kube-apiserver: a token that ends sooner would end under way. */
const SECONDS_MIN = 600;

/** @throws StatusError 422 */
export function answerTokenRequest(context: ServerContext, account: Entry, body: JsonObject): JsonObject {
  const spec = objectAt(body, 'spec');
  const seconds = Number(spec['expirationSeconds'] ?? SECONDS_DEFAULT);
  if (seconds < SECONDS_MIN) {
    const message = `Invalid value: ${seconds}: may not specify a duration less than 10 minutes`;
    throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, [{ reason: 'FieldValueInvalid', message, field: 'spec.expirationSeconds' }]);
  }
  const stated = listAt(spec, 'audiences').map(String);
  const audiences = stated.length > 0 ? stated : [API_AUDIENCE];
  const uid = textAt(objectAt(account.object, 'metadata'), 'uid');
  const now = context.clock.wallTime();
  const token = context.access.tokens.make({ namespace: account.namespace, name: account.name, uid }, audiences, seconds);
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: account.name, namespace: account.namespace, creationTimestamp: formatTime(now) },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec['boundObjectRef'] ?? null },
    status: { token, expirationTimestamp: formatTime(now + seconds * 1000) },
  };
}
