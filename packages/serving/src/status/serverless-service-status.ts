/** What a ServerlessService says of itself: whether there are pods to serve, and whether activators stand in for them. */
import type { ServerlessService, ServerlessServiceStatus } from '../api/serverless-service.ts';
import { privateServiceName } from '../names.ts';
import { isFalse, isTrue, livingConditions, type Mark } from './condition-set.ts';

export interface ServerlessServiceFacts {
  readonly sks: ServerlessService;
  /** Ready addresses behind the private Service. */
  readonly readyPods: number;
  /** The name of a Service of it that is somebody else's. */
  readonly taken: string | undefined;
  /** RFC 3339. */
  readonly now: string;
}

const noBackends = isFalse('NoHealthyBackends', 'No healthy backends');

export function serverlessServiceStatus({
  sks,
  readyPods,
  taken,
  now,
}: ServerlessServiceFacts): ServerlessServiceStatus {
  const { name, generation } = sks.metadata;
  const isProxying = sks.spec.mode === 'Proxy' || readyPods === 0;
  const notServing: Mark = { status: 'False', reason: 'NotProxying', message: 'Traffic goes straight to the pods' };
  return {
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    conditions: livingConditions({
      dependents: ['EndpointsPopulated'],
      marks: {
        EndpointsPopulated: taken !== undefined ? takenMark(taken) : readyPods > 0 ? isTrue : noBackends,
        ActivatorEndpointsPopulated: isProxying ? isTrue : notServing,
      },
      previous: sks.status?.conditions,
      now,
    }),
    ...(taken !== undefined ? {} : { serviceName: name, privateServiceName: privateServiceName(name) }),
  };
}

function takenMark(service: string): Mark {
  return isFalse('NotOwned', `There is an existing Service "${service}" that we do not own.`);
}
