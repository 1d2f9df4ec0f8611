/** `kubectl logs`: the request is understood here and answered by the kubelet. */
import { isObject, listAt, objectAt, textAt } from '../json.ts';
import type { PodLogsAnswer, PodLogsRequest } from '../pod-logs.ts';
import { readInteger } from '../request/write-options.ts';
import type { Entry } from '../store/object-store.ts';
import { badRequest } from '../status-error.ts';
import type { ServerContext } from './context.ts';

/** @throws StatusError 400 when the container is unclear or its logs cannot be had */
export async function readPodLogs(
  context: ServerContext,
  entry: Entry,
  query: URLSearchParams,
): Promise<Exclude<PodLogsAnswer, { kind: 'problem' }>> {
  const container = chooseContainer(entry, query.get('container') ?? '');
  // A pod without a kubelet has said nothing yet.
  if (textAt(objectAt(entry.object, 'spec'), 'nodeName') === '') return { kind: 'text', text: '' };
  if (!context.podLogs) throw badRequest('this server has no kubelet to ask for logs');
  const answer = await context.podLogs.read(readRequest(context, entry, container, query));
  if (answer.kind === 'problem') throw badRequest(answer.message);
  return answer;
}

function readRequest(context: ServerContext, entry: Entry, container: string, query: URLSearchParams): PodLogsRequest {
  const tailLines = readInteger(query, 'tailLines');
  const limitBytes = readInteger(query, 'limitBytes');
  const sinceSeconds = readInteger(query, 'sinceSeconds');
  const sinceTime = Date.parse(query.get('sinceTime') ?? '');
  const sinceMs = sinceSeconds === undefined ? sinceTime : context.clock.wallTime() - sinceSeconds * 1000;
  return {
    namespace: entry.namespace,
    pod: entry.name,
    podUid: textAt(objectAt(entry.object, 'metadata'), 'uid'),
    container,
    follow: query.get('follow') === 'true',
    previous: query.get('previous') === 'true',
    timestamps: query.get('timestamps') === 'true',
    ...(tailLines === undefined ? {} : { tailLines }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(Number.isNaN(sinceMs) ? {} : { sinceMs }),
  };
}

function chooseContainer(entry: Entry, stated: string): string {
  const spec = objectAt(entry.object, 'spec');
  const namesOf = (list: string): string[] => listAt(spec, list).map((one) => textAt(isObject(one) ? one : undefined, 'name'));
  const main = namesOf('containers');
  const all = [...namesOf('initContainers'), ...main];
  if (stated !== '') {
    if (all.includes(stated)) return stated;
    throw badRequest(`container ${stated} is not valid for pod ${entry.name}`);
  }
  const preferred = textAt(objectAt(objectAt(entry.object, 'metadata'), 'annotations'), 'kubectl.kubernetes.io/default-container');
  if (preferred !== '' && main.includes(preferred)) return preferred;
  if (main.length === 1 && main[0] !== undefined) return main[0];
  throw badRequest(`a container name must be specified for pod ${entry.name}, choose one of: [${main.join(' ')}]`);
}
