/**
 * Who asks, and whether they may. A server on one machine is open: whoever reaches it is the person at this machine. One that is told to
 * (`access: 'rbac'`) knows service accounts by their tokens and asks the stored roles about each request, as a cluster does.
 */
import type { Clock, Random } from '@sluice/kernel';
import type { ApiRequest } from '../exchange.ts';
import type { JsonObject } from '../json.ts';
import { objectAt, textAt } from '../json.ts';
import type { Target } from '../request/target.ts';
import type { UserInfo } from '../request/user.ts';
import { StatusError, qualify } from '../status-error.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { authorize, type AccessObjects, type Attributes, type Decision } from './rules.ts';
import { TokenBook, type ReadToken } from './tokens.ts';

export interface AccessOptions {
  /** `open`: everybody may do everything. Default. `rbac`: only what roles allow. */
  readonly mode: 'open' | 'rbac';
  /** Tokens of people, beside those of service accounts: `{ secret: { username: 'jane', groups: [] } }`. */
  readonly tokens?: Readonly<Record<string, UserInfo>>;
  /** Whether who makes an object that may block the deletion of its owner must be allowed to update that one's finalizers, as by the admission plugin
   * OwnerReferencesPermissionEnforcement. Default false, as on most clusters. */
  readonly guardsOwners?: boolean;
  /** Hears each decision of `rbac`: a run can show afterwards what was denied, and which rights nobody used. */
  readonly onDecision?: (user: UserInfo, attributes: Attributes, decision: Decision) => void;
}

const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };

export class Access {
  readonly tokens: TokenBook;
  readonly #options: AccessOptions;
  readonly #store: ObjectStore;
  readonly #objects: AccessObjects;

  constructor(options: AccessOptions, store: ObjectStore, clock: Clock, random: Random) {
    this.#options = options;
    this.#store = store;
    this.tokens = new TokenBook(clock, random);
    this.#objects = { list: (plural) => store.list(`rbac.authorization.k8s.io/${plural}`).map((entry) => entry.object) };
  }

  /** The request as whom it is made. @throws StatusError 401, 403 */
  admit(request: ApiRequest, target: Target): ApiRequest {
    if (request.user || this.#options.mode === 'open') return request;
    const user = this.#impersonated(this.#authenticate(request), request);
    this.require(user, attributesOf(request, target));
    return { ...request, user };
  }

  decide(user: UserInfo, attributes: Attributes): Decision {
    return authorize(this.#objects, user, attributes);
  }

  get objects(): AccessObjects {
    return this.#objects;
  }

  /** Of a service account that is still there. */
  readToken(token: string, audiences: readonly string[]): ReadToken {
    const person = this.#options.tokens?.[token];
    if (person) return { kind: 'user', user: { ...person, groups: [...person.groups, 'system:authenticated'] }, audiences, subject: { namespace: '', name: '', uid: '' } };
    const read = this.tokens.read(token, audiences);
    if (read.kind === 'refused') return read;
    const { namespace, name, uid } = read.subject;
    const account = this.#store.get('/serviceaccounts', namespace, name);
    if (account && textAt(objectAt(account.object, 'metadata'), 'uid') === uid) return read;
    return { kind: 'refused', why: '[invalid bearer token, service account token has been invalidated]' };
  }

  #authenticate(request: ApiRequest): UserInfo {
    const token = /^Bearer (.+)$/i.exec(request.headers?.['authorization'] ?? '')?.[1];
    if (token === undefined) return ANONYMOUS;
    const read = this.readToken(token.trim(), []);
    if (read.kind === 'user') return read.user;
    throw new StatusError(401, 'Unauthorized', 'Unauthorized');
  }

  /** `kubectl --as`: whoever may impersonate somebody is he, and no longer himself. */
  #impersonated(user: UserInfo, request: ApiRequest): UserInfo {
    const username = request.headers?.['impersonate-user'];
    if (username === undefined) return user;
    const account = /^system:serviceaccount:([^:]+):(.+)$/.exec(username);
    const resource = account ? 'serviceaccounts' : 'users';
    this.require(user, { kind: 'resource', verb: 'impersonate', group: '', resource, subresource: '', namespace: account?.[1] ?? '', name: account?.[2] ?? username });
    const groups = (request.headers?.['impersonate-group'] ?? '').split(',').map((one) => one.trim()).filter((one) => one !== '');
    for (const name of groups) this.require(user, { kind: 'resource', verb: 'impersonate', group: '', resource: 'groups', subresource: '', namespace: '', name });
    const own = account ? ['system:serviceaccounts', `system:serviceaccounts:${account[1]}`] : [];
    return { username, groups: [...new Set([...groups, ...own, 'system:authenticated'])] };
  }

  get guardsOwners(): boolean {
    return this.#options.guardsOwners === true;
  }

  /** What somebody needs besides what he asked for. @throws StatusError 403 */
  require(user: UserInfo, attributes: Attributes): void {
    if (!this.allows(user, attributes)) throw refusal(user, attributes);
  }

  /** Decides, and tells of it. */
  allows(user: UserInfo, attributes: Attributes): boolean {
    if (this.#options.mode === 'open') return true;
    const decision = this.decide(user, attributes);
    this.#options.onDecision?.(user, attributes, decision);
    return decision.allowed;
  }
}

export function userJson(user: UserInfo): JsonObject {
  return { username: user.username, ...(user.uid === undefined ? {} : { uid: user.uid }), groups: [...user.groups] };
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };

function attributesOf({ method }: ApiRequest, target: Target): Attributes {
  if (target.kind === 'path') return { kind: 'path', verb: method.toLowerCase(), path: target.path };
  const { group, plural, namespace = '', subresource, query } = target;
  const isOne = target.name !== undefined && target.name !== '';
  const reading = isOne ? 'get' : query.get('watch') !== null && query.get('watch') !== 'false' && query.get('watch') !== '0' ? 'watch' : 'list';
  // Whoever lists by a name asks for that one: a rule that names it suffices.
  const name = isOne ? target.name : exactName(query.get('fieldSelector'));
  const verb = method === 'GET' ? reading : method === 'DELETE' ? (isOne ? 'delete' : 'deletecollection') : (VERBS[method] ?? method.toLowerCase());
  return { kind: 'resource', verb, group, resource: plural, subresource, namespace: plural === 'namespaces' && group === '' ? name : namespace, name };
}

/** As kube-apiserver's request info: `metadata.name=a`, alone or beside other terms. */
function exactName(fieldSelector: string | null): string {
  const terms = (fieldSelector ?? '').split(',').map((term) => /^metadata\.name==?([^=!]+)$/.exec(term.trim())?.[1]);
  return terms.find((name) => name !== undefined) ?? '';
}

function refusal(user: UserInfo, attributes: Attributes): StatusError {
  const who = `User ${JSON.stringify(user.username)} cannot`;
  if (attributes.kind === 'path') {
    return new StatusError(403, 'Forbidden', `forbidden: ${who} ${attributes.verb} path ${JSON.stringify(attributes.path)}`, { details: {} });
  }
  const { verb, group, resource, subresource, namespace, name } = attributes;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const subject = name === '' ? qualify(resource, group) : `${qualify(resource, group)} ${JSON.stringify(name)}`;
  const message = `${subject} is forbidden: ${who} ${verb} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}`;
  return new StatusError(403, 'Forbidden', message, { details: { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource } });
}
