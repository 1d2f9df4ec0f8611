/** Go templates that names in the network are made with: `{{.Name}}.{{.Namespace}}.{{.Domain}}`. */
import { GoTemplate, GoTemplateError } from '@sluice/kernel';

export interface TemplateValues {
  readonly texts: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Undefined when the template is none, or asks for something that is not there. */
export function fillTemplate(template: string, values: TemplateValues): string | undefined {
  try {
    return fill(template, values);
  } catch (reason) {
    if (reason instanceof GoTemplateError) return undefined;
    throw reason;
  }
}

/** Why hosts cannot be made with the template; undefined when they can. */
export function hostTemplateComplaint(template: string): string | undefined {
  const values = { texts: { Name: 'foo', Namespace: 'bar', Domain: 'baz.com' }, labels: {}, annotations: {} };
  return complaintOf(template, values, (host) => {
    if (host.includes('/')) return `domain template has url path: ${host.slice(host.indexOf('/'))}`;
    return host === '' ? 'empty hostname' : undefined;
  });
}

export function tagTemplateComplaint(template: string): string | undefined {
  return complaintOf(template, { texts: { Name: 'foo', Tag: 'v2' } }, () => undefined);
}

function complaintOf(template: string, values: TemplateValues, judge: (filled: string) => string | undefined): string | undefined {
  try {
    return judge(fill(template, values));
  } catch (reason) {
    if (reason instanceof GoTemplateError) return reason.message;
    throw reason;
  }
}

function fill(template: string, { texts, labels, annotations }: TemplateValues): string {
  return compiled(template).execute({
    ...texts,
    ...(labels === undefined ? {} : { Labels: new Map(Object.entries(labels)) }),
    ...(annotations === undefined ? {} : { Annotations: new Map(Object.entries(annotations)) }),
  });
}

const standardHost = '{{.Name}}.{{.Namespace}}.{{.Domain}}';
const standardTag = '{{.Tag}}-{{.Name}}';
/** Nearly every cluster has these two, and thousands of routes are named by them at once. */
const standard = new Map([standardHost, standardTag].map((text) => [text, new GoTemplate(text)]));

function compiled(template: string): GoTemplate {
  return standard.get(template) ?? new GoTemplate(template);
}
