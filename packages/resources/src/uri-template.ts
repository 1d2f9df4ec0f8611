/**
 * Path templates of `envoy.path.match.uri_template` and `envoy.path.rewrite.uri_template`: `/v1/{region}/users/{rest=**}`.
 * https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/path/match/uri_template/v3/uri_template_match.proto
 */
import { MessageReader } from './decode/message-reader.ts';
import { decodeNonEmptyString } from './decode/scalars.ts';
import type { Scope } from './decode/scope.ts';
import { openTypedConfig } from './decode/typed-config.ts';

const typeNames = {
  match: 'envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig',
  rewrite: 'envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig',
} as const;

export interface UriTemplate {
  /** RE2: matches a whole path, with one group per variable. */
  readonly regex: string;
  /** In the order of their groups. */
  readonly variables: readonly string[];
}

/** `*` is one segment, `**` all that is left; both say something. */
const oneSegment = '[^/]+';
const everything = '.*';
/** Envoy's limit. */
const variablesMax = 5;

/** The template of a match, as an extension of `path_match_policy`. */
export function readUriTemplateMatch(json: unknown, scope: Scope): UriTemplate | undefined {
  return readExtension(json, scope, typeNames.match, 'path_template', parseUriTemplate);
}

/** The template of a rewrite, as an extension of `path_rewrite_policy`: text and variables of the match, in turns. */
export function readUriTemplateRewrite(json: unknown, scope: Scope): string | undefined {
  return readExtension(json, scope, typeNames.rewrite, 'path_template_rewrite', (text, at) => {
    if (/^\/(?:[^{}*]|\{[A-Za-z]\w*\})*$/.test(text)) return text;
    at.error(`is ${JSON.stringify(text)}, must be a path with {variables} of the match`);
    return undefined;
  });
}

function readExtension<T>(json: unknown, scope: Scope, typeName: string, field: string, parse: (text: string, at: Scope) => T | undefined): T | undefined {
  const reader = MessageReader.open(json, scope);
  if (!reader) return undefined;
  reader.requiredString('name');
  const value = reader.required('typed_config', (config, at) => {
    const typed = openTypedConfig(config, at);
    if (!typed) return undefined;
    if (typed.typeName !== typeName) {
      at.at('@type').error(`is ${typed.typeName}, must be ${typeName}`);
      return undefined;
    }
    const inner = MessageReader.open(typed.json, typed.scope);
    const parsed = inner?.required(field, (text, place) => {
      const template = decodeNonEmptyString(text, place);
      return template === undefined ? undefined : parse(template, place);
    });
    inner?.done();
    return parsed;
  });
  reader.done();
  return value;
}

/** Reports what is wrong with it. */
export function parseUriTemplate(text: string, scope: Scope): UriTemplate | undefined {
  const variables: string[] = [];
  let endsOpen = false;
  const fail = (message: string): undefined => {
    scope.error(`is ${JSON.stringify(text)}, ${message}`);
    return undefined;
  };
  if (!text.startsWith('/')) return fail('must begin with /');
  let regex = '';
  for (const [token, variable] of text.matchAll(/\{([^{}]*)\}|\*\*|\*|[^{}*]+|[{}]/g)) {
    if (endsOpen && token.includes('*')) return fail('may have nothing that varies behind **');
    if (variable !== undefined) {
      const [name = '', pattern = '*'] = variable.split('=', 2);
      if (!/^[A-Za-z]\w{0,15}$/.test(name)) return fail(`has {${variable}}, whose name must be a letter, then letters, digits or _`);
      if (variables.includes(name)) return fail(`has {${name}} twice`);
      if (!/^(?:\*\*|\*|[\w.~%!$&'()+,;:@-]+)(?:\/(?:\*\*|\*|[\w.~%!$&'()+,;:@-]+))*$/.test(pattern)) return fail(`has {${variable}}, whose pattern is none`);
      if (endsOpen) return fail('may have nothing that varies behind **');
      variables.push(name);
      regex += `(${pattern.split('/').map(regexOfSegment).join('/')})`;
      endsOpen = pattern.includes('**');
    } else if (token === '{' || token === '}') {
      return fail(`has a ${token} alone`);
    } else {
      regex += token === '**' ? everything : token === '*' ? oneSegment : escapeRegex(token);
      endsOpen ||= token === '**';
    }
  }
  if (variables.length > variablesMax) return fail(`has ${variables.length} variables, may have ${variablesMax}`);
  return { regex, variables };
}

function regexOfSegment(segment: string): string {
  return segment === '**' ? everything : segment === '*' ? oneSegment : escapeRegex(segment);
}

function escapeRegex(text: string): string {
  return text.replaceAll(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}
