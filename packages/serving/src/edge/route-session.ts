/** `sessionPersistence` of a rule: clients come back to the pod that has answered them. https://gateway-api.sigs.k8s.io/geps/gep-1619/ */
import type { SessionPersistence } from './api/gateway-api.ts';
import type { EdgeMatch, EdgeSession } from './edge-model.ts';
import { parseGatewayDuration } from './gateway-duration.ts';
import type { RuleProblems } from './route-problems.ts';

/** Where nobody names it. */
const defaultName = 'sluice-session';

/** A name of a cookie or of a header. */
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What a session is told by, for each match of the rule: a cookie is for the paths of its match. */
export type SessionOf = (match: EdgeMatch) => EdgeSession | undefined;

/** @param backends how many have a share */
export function readSession(persistence: SessionPersistence | undefined, backends: number, problems: RuleProblems): SessionOf {
  if (!persistence) return () => undefined;
  const { type = 'Cookie', sessionName: name = defaultName, absoluteTimeout, idleTimeout, cookieConfig } = persistence;
  const refuse = (field: string, text: string): void => void problems.values.push(`sessionPersistence${field}: ${text}`);
  if (type !== 'Cookie' && type !== 'Header') refuse('.type', `${type} is not supported`);
  if (!token.test(name)) refuse('.sessionName', `${JSON.stringify(name)} is no name`);
  // A gateway keeps no sessions: what the client brings is all there is.
  if (idleTimeout !== undefined) refuse('.idleTimeout', 'is not supported');
  // Which of several backends a client has been dealt is drawn anew for each request.
  if (backends > 1) refuse('', 'is for one backend');
  if (type === 'Header') {
    if (absoluteTimeout !== undefined) refuse('.absoluteTimeout', 'is for cookies');
    return () => ({ kind: 'header', name });
  }
  const isPermanent = cookieConfig?.lifetimeType === 'Permanent';
  const ttlMs = absoluteTimeout === undefined ? undefined : parseGatewayDuration(absoluteTimeout);
  if (absoluteTimeout !== undefined && (ttlMs === undefined || ttlMs < 1_000)) refuse('.absoluteTimeout', `${JSON.stringify(absoluteTimeout)} is no time of a second or more`);
  if (isPermanent && absoluteTimeout === undefined) refuse('.absoluteTimeout', 'is required for a cookie that is Permanent');
  if (!isPermanent && absoluteTimeout !== undefined) refuse('.absoluteTimeout', 'is for a cookie that is Permanent');
  const ttlSeconds = isPermanent ? Math.floor((ttlMs ?? 0) / 1_000) : 0;
  return ({ path }) => ({ kind: 'cookie', name, path: path.kind === 'regex' ? '/' : path.value, ttlSeconds });
}
