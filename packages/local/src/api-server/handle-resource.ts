/** Requests about objects: from method and path to the verb that answers. */
import type { ApiRequest, ApiResponse } from './exchange.ts';
import { objectAt, textAt, type JsonObject } from './json.ts';
import { Body } from './request/body.ts';
import { mediaTypeOf, negotiateForm, type AnswerForm } from './request/negotiation.ts';
import type { ResourceTarget } from './request/target.ts';
import { LOCAL_USER, type UserInfo } from './request/user.ts';
import { readWriteOptions, type WriteOptions } from './request/write-options.ts';
import { resourceSubject, type ResourceKind } from './resources/resource-kind.ts';
import { asYaml, json, jsonText, noContent, pageNotFound, plainText, stream, warningHeaders } from './respond.ts';
import { badRequest, methodNotAllowed, notFound, unknownResource } from './status-error.ts';
import type { Entry } from './store/object-store.ts';
import { textOf, viewOf, type ServerContext } from './verbs/context.ts';
import { createObject } from './verbs/create.ts';
import { deleteObject, deletedStatus, readDeleteOptions, type DeleteOptions, type Deleted } from './verbs/delete.ts';
import { formatList, formatOne, listObjects } from './verbs/list.ts';
import { readPodLogs } from './verbs/logs.ts';
import { checkMediaType, patchDocument, patchObject } from './verbs/patch.ts';
import { REVIEWS, answerReview } from './verbs/reviews.ts';
import { refuseChanged, retryChanged, reviewOf } from './verbs/review.ts';
import { checkScale, isWaking, scaleOf, withScale } from './verbs/scale.ts';
import { readSelection } from './verbs/selection.ts';
import { answerTokenRequest } from './verbs/token-request.ts';
import { updateObject, type UpdateInput } from './verbs/update.ts';
import { watchObjects, type WatchHub } from './verbs/watch.ts';
import type { Written } from './verbs/written.ts';

/** One request about objects, with all that its handlers share. */
interface Call {
  readonly context: ServerContext;
  readonly hub: WatchHub;
  readonly request: ApiRequest;
  readonly target: ResourceTarget;
  readonly kind: ResourceKind;
  readonly body: Body;
  /** Settled before anything is done: a write whose answer nobody can read must not happen. */
  readonly form: AnswerForm;
}

/** @throws StatusError */
export async function handleResource(
  context: ServerContext,
  hub: WatchHub,
  request: ApiRequest,
  target: ResourceTarget,
): Promise<ApiResponse> {
  const body = new Body(request, context.limits.bodyBytesMax);
  const { group, version, plural } = target;
  const review = REVIEWS.find((one) => one.group === group && one.plural === plural && version === 'v1');
  if (review) {
    if (request.method !== 'POST') throw methodNotAllowed();
    return json(201, answerReview(review, body.object(), request.user ?? LOCAL_USER, context.access));
  }
  const kind = context.registry.find(group, version, plural);
  if (!kind) {
    if (!context.registry.hasBuiltinGroup(group)) return pageNotFound();
    throw unknownResource();
  }
  if (kind.namespaced ? target.namespace === undefined && target.name !== undefined : target.namespace !== undefined) {
    throw unknownResource();
  }
  const form = negotiateForm(request.headers?.['accept']);
  const call: Call = { context, hub, request, target, kind, body, form };
  const answer = await dispatch(call);
  return form.kind === 'object' && form.isYaml ? asYaml(answer) : answer;
}

function dispatch(call: Call): ApiResponse | Promise<ApiResponse> {
  const { target } = call;
  if (target.name === undefined) return handleCollection(call);
  return target.subresource === '' ? handleObject(call, target.name) : handleSubresource(call, target.name);
}

async function handleCollection(call: Call): Promise<ApiResponse> {
  const { context, hub, request, target, kind, body, form } = call;
  const { namespace, query } = target;
  switch (request.method) {
    case 'GET': {
      if (isTrue(query.get('watch'))) {
        return stream('application/json', watchObjects(context, hub, kind, namespace, form, query, userAgentOf(call)));
      }
      return jsonText(200, await listObjects(context, kind, namespace, form, query));
    }
    case 'POST': {
      const options = writeOptions(call, 'CreateOptions');
      return answerWritten(call, await createObject(context, kind, namespace, body.object(), options));
    }
    case 'DELETE':
      return deleteCollection(call);
    case 'PUT':
      throw badRequest('the name of the object was undeterminable: name must be provided');
    default:
      throw methodNotAllowed();
  }
}

async function handleObject(call: Call, name: string): Promise<ApiResponse> {
  const { context, request, target, kind, body } = call;
  switch (request.method) {
    case 'GET':
      return jsonText(200, formatOne(context, kind, getEntry(call, name), call.form, target.query));
    case 'PUT': {
      const options = writeOptions(call, 'UpdateOptions');
      const document = body.object();
      // A replacement must say what it replaces, or a slip in the path would overwrite another object.
      if (textAt(objectAt(document, 'metadata'), 'name') === '') {
        throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
      }
      return answerWritten(call, await update(call, name, () => ({ body: document, options, subresource: '' })));
    }
    case 'PATCH':
      return answerWritten(call, await patch(call, name, ''));
    case 'DELETE': {
      const options = readDeleteOptions(body.options(), target.query);
      const { isGone, entry } = await deleteOne(call, options, name);
      if (!isGone || kind.answersDeletedObject) return jsonText(200, textOf(freshText(entry), kind));
      return json(200, deletedStatus(kind, entry));
    }
    default:
      throw methodNotAllowed();
  }
}

async function handleSubresource(call: Call, name: string): Promise<ApiResponse> {
  const { context, request, target, kind } = call;
  const { subresource } = target;
  if (subresource === 'status' && kind.hasStatus) return handleStatus(call, name);
  if (subresource === 'scale' && kind.scale) return handleScale(call, name);
  if (subresource === 'log' && kind.hasLogs) {
    if (request.method !== 'GET') throw methodNotAllowed();
    const answer = await readPodLogs(context, getEntry(call, name), target.query);
    if (answer.kind === 'stream') return stream('text/plain', answer.stream);
    return answer.text === '' ? noContent() : plainText(200, answer.text);
  }
  if (subresource === 'token' && kind.hasTokens) {
    if (request.method !== 'POST') throw methodNotAllowed();
    return json(201, answerTokenRequest(context, getEntry(call, name), call.body.object()));
  }
  throw unknownResource();
}

async function handleStatus(call: Call, name: string): Promise<ApiResponse> {
  const { context, request, target, kind, body } = call;
  switch (request.method) {
    case 'GET':
      return jsonText(200, formatOne(context, kind, getEntry(call, name), call.form, target.query));
    case 'PUT': {
      const options = writeOptions(call, 'UpdateOptions');
      const document = body.object();
      return answerWritten(call, await update(call, name, () => ({ body: document, options, subresource: 'status' })));
    }
    case 'PATCH':
      return answerWritten(call, await patch(call, name, 'status'));
    default:
      throw methodNotAllowed();
  }
}

async function handleScale(call: Call, name: string): Promise<ApiResponse> {
  const { request, kind, body } = call;
  const { scale } = kind;
  if (!scale) throw unknownResource();
  if (request.method === 'GET') return json(200, scaleOf(viewOf(getEntry(call, name), kind), scale));
  if (request.method !== 'PUT' && request.method !== 'PATCH') throw methodNotAllowed();
  const options = writeOptions(call, request.method === 'PUT' ? 'UpdateOptions' : 'PatchOptions');
  const askedOf = (live: JsonObject): JsonObject => {
    if (request.method === 'PUT') return body.object();
    const mediaType = mediaTypeOf(request.headers?.['content-type']);
    checkMediaType(kind, mediaType);
    return patchDocument(scaleOf(live, scale), mediaType, body.text(), kind.schema);
  };
  const next = (live: JsonObject): JsonObject => {
    const asked = askedOf(live);
    checkScale(asked, name);
    // Before anybody hears of it.
    if (isWaking(live, asked, scale)) call.context.patience?.lull.begin();
    return withScale(live, asked, kind, scale);
  };
  const written = await update(call, name, (live) => ({ body: next(live), options, subresource: 'scale' }));
  return json(200, scaleOf(written.object, scale), warningHeaders(written.warnings));
}

/** @param input what is wished, from the object as it is */
function update(call: Call, name: string, input: (live: JsonObject) => Omit<UpdateInput, 'kind' | 'entry'>): Promise<Written> {
  const { context, kind } = call;
  return retryChanged(() => findEntry(call, name), async () => {
    const entry = getEntry(call, name);
    return updateObject(context, { kind, entry, ...input(viewOf(entry, kind)) });
  });
}

function patch(call: Call, name: string, subresource: string): Promise<Written> {
  const { context, request, target, kind, body } = call;
  const options = writeOptions(call, 'PatchOptions');
  const mediaType = mediaTypeOf(request.headers?.['content-type']);
  const wish = { kind, namespace: target.namespace, name, mediaType, text: body.text(), options, subresource };
  return retryChanged(() => findEntry(call, name), async () => patchObject(context, { ...wish, entry: findEntry(call, name) }));
}

/** @param namespace where it is, when the request is about several */
function deleteOne(call: Call, options: DeleteOptions, name: string, namespace = call.target.namespace ?? ''): Promise<Deleted> {
  const { context, kind } = call;
  return retryChanged(() => findEntry(call, name, namespace), async () => {
    const entry = getEntry(call, name, namespace);
    const review = reviewOf(context, { kind, subresource: '', operation: 'DELETE', namespace, name }, { ...options, user: userOf(call) });
    if (review) {
      const live = viewOf(entry, kind);
      await review.mutate(undefined, live, (object) => object);
      await review.validate({ object: undefined, oldObject: live });
      refuseChanged(context, kind, entry);
    }
    return deleteObject(context, kind, entry, options);
  });
}

async function deleteCollection(call: Call): Promise<ApiResponse> {
  const { context, target, kind, body } = call;
  const options = readDeleteOptions(body.options(), target.query);
  const selection = readSelection(kind, target.namespace, target.query);
  const entries = context.store.list(kind.storedAs, selection.namespace);
  const found = entries.filter((entry) => selection.matches(viewOf(entry, kind)));
  for (const entry of found) {
    // While webhooks think about one, another may go by itself.
    if (findEntry(call, entry.name, entry.namespace)) await deleteOne(call, options, entry.name, entry.namespace);
  }
  return jsonText(200, formatList(kind, found, { resourceVersion: String(context.store.resourceVersion) }));
}

function answerWritten(call: Call, written: Written): ApiResponse {
  const { context, target, kind, form } = call;
  const headers = warningHeaders(written.warnings);
  if (written.entry) return jsonText(written.status, formatOne(context, kind, written.entry, form, target.query), headers);
  return json(written.status, written.object, headers);
}

function findEntry({ context, kind, target }: Call, name: string, namespace = target.namespace ?? ''): Entry | undefined {
  return context.store.get(kind.storedAs, namespace, name);
}

function getEntry(call: Call, name: string, namespace?: string): Entry {
  const entry = findEntry(call, name, namespace);
  if (!entry) throw notFound(resourceSubject(call.kind, name));
  return entry;
}

function userAgentOf({ request }: Call): string {
  return request.headers?.['user-agent'] ?? '';
}

function userOf({ request }: Call): UserInfo {
  return request.user ?? LOCAL_USER;
}

/** An entry whose object was changed after it was serialised: a trial deletion. */
function freshText(entry: Entry): Entry {
  return { ...entry, text: JSON.stringify(entry.object) };
}

function writeOptions(call: Call, optionsKind: string): WriteOptions {
  return readWriteOptions(call.target.query, userAgentOf(call), optionsKind, userOf(call));
}


/** As Go's `ParseBool` is used here: present without a value counts. */
function isTrue(value: string | null): boolean {
  return value !== null && value !== 'false' && value !== '0';
}
