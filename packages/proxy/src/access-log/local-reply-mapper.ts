/**
 * `local_reply_config`, compiled: what becomes of the proxy's own answers. The first rule whose filter holds changes the
 * answer, in Envoy's order: body, headers, status, format; a format sees the status that the rule has made.
 */
import { ResponseHead } from '@sluice/http';
import type { LocalReplyConfig, ResponseMapper } from '@sluice/resources';
import type { CompileEnvironment } from '../compile-environment.ts';
import type { PatternCompiler } from '../router/compile-session.ts';
import { compileHeaderAdditions, type HeaderRule } from '../router/header-rules.ts';
import type { LocalReply } from '../stream.ts';
import type { FormatSource } from '../substitution/format-source.ts';
import { compileBodyFormat, type BodyFormat } from './body-format.ts';
import { compileLogFilter, type LogFilter } from './log-filter.ts';

/** What is sent in place of a reply. */
export interface MappedReply {
  readonly reply: LocalReply;
  /** What the rule does to the head, once there is one. */
  readonly rules: readonly HeaderRule[];
}

export type LocalReplyMapper = (reply: LocalReply, source: FormatSource) => MappedReply;

interface Rule {
  readonly holds: LogFilter;
  readonly body: string | undefined;
  readonly status: number | undefined;
  readonly headers: readonly HeaderRule[];
  readonly format: BodyFormat | undefined;
}

/** Undefined where replies stay as they are. `path` is the config's. */
export function compileLocalReplies(config: LocalReplyConfig, path: string, patterns: PatternCompiler, environment: CompileEnvironment): LocalReplyMapper | undefined {
  if (config.mappers.length === 0 && !config.bodyFormat) return undefined;
  const rules = config.mappers.map((mapper, index) => compileRule(mapper, `${path}.mappers[${index}]`, patterns, environment));
  const usual = config.bodyFormat && compileBodyFormat(config.bodyFormat, `${path}.body_format`, patterns, environment);
  return (reply, source) => {
    const { info } = source;
    info.status = reply.status;
    const rule = rules.find(({ holds }) => holds(source));
    const body = rule?.body ?? reply.body ?? '';
    info.localReplyBody = body;
    const status = rule?.status ?? reply.status;
    const head = headersOf(rule, source);
    info.status = status;
    const format = rule?.format ?? usual;
    const changed = format ? { body: format.format({ info, request: source.request, response: head, route: source.route }), contentType: format.contentType } : { body };
    return { reply: { ...reply, status, ...changed }, rules: rule && rule.headers.length > 0 ? [withStatus(reply.status, rule.headers)] : [] };
  };
}

/** Headers quote the status of before the rule, formats that of after it. */
function withStatus(status: number, rules: readonly HeaderRule[]): HeaderRule {
  return (head, source) => {
    const { info } = source;
    const changed = info.status;
    info.status = status;
    for (const rule of rules) rule(head, source);
    info.status = changed;
  };
}

/** What a format may quote of the response: what the rule has put there. */
function headersOf(rule: Rule | undefined, source: FormatSource): ResponseHead {
  const head = ResponseHead.of(source.info.status);
  for (const apply of rule?.headers ?? []) apply(head, source);
  return head;
}

function compileRule(mapper: ResponseMapper, path: string, patterns: PatternCompiler, environment: CompileEnvironment): Rule {
  return {
    holds: compileLogFilter(mapper.filter, `${path}.filter`, { patterns, environment }),
    body: readBody(mapper, path, patterns, environment),
    status: mapper.status,
    headers: compileHeaderAdditions(mapper.headersToAdd, `${path}.headers_to_add`, patterns),
    format: mapper.bodyFormat && compileBodyFormat(mapper.bodyFormat, `${path}.body_format_override`, patterns, environment),
  };
}

function readBody({ body }: ResponseMapper, path: string, patterns: PatternCompiler, { sources }: CompileEnvironment): string | undefined {
  if (!body) return undefined;
  try {
    return sources.read(body);
  } catch (reason) {
    patterns.error(`${path}.body`, `cannot be read: ${reason instanceof Error ? reason.message : String(reason)}`);
    return undefined;
  }
}
