/** Rules for names that become parts of host names, and for names of other objects. */
import { because, invalidKey, invalidValue, type FieldProblem } from './field-problem.ts';

const dns1035Max = 63;
const dns1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedName = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** Why `name` is no DNS-1035 label; undefined when it is one. The words are Kubernetes'. */
export function dnsLabelComplaint(name: string): string | undefined {
  const complaints: string[] = [];
  if (name.length > dns1035Max) complaints.push(`must be no more than ${dns1035Max} characters`);
  if (!dns1035.test(name)) {
    complaints.push(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, " +
        "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is " +
        "'[a-z]([-a-z0-9]*[a-z0-9])?')",
    );
  }
  return complaints.length === 0 ? undefined : `[${complaints.join(' ')}]`;
}

/** An object that gets a host of its own. */
export function checkObjectName(metadata: { readonly name?: string; readonly generateName?: string }): FieldProblem[] {
  const { name = '', generateName = '' } = metadata;
  if (name !== '') {
    const complaint = dnsLabelComplaint(name);
    return complaint === undefined ? [] : [because(`not a DNS 1035 label: ${complaint}`, 'name')];
  }
  if (generateName === '') return [because('name or generateName is required', 'name')];
  const complaint = dnsLabelComplaint(withoutDash(generateName));
  return complaint === undefined ? [] : [because(`not a DNS 1035 label prefix: ${complaint}`, 'generateName')];
}

/** A revision's name as its template may give it. @param parent of the object whose template it is */
export function checkTemplateName(
  template: { readonly name?: string; readonly generateName?: string } | undefined,
  parent: { readonly name?: string },
): FieldProblem[] {
  const { name = '', generateName = '' } = template ?? {};
  const prefixComplaint = generateName === '' ? undefined : dnsLabelComplaint(withoutDash(generateName));
  if (prefixComplaint !== undefined) {
    return [invalidValue(`not a DNS 1035 label prefix: ${prefixComplaint}`, 'generateName')];
  }
  if (name === '') return [];
  const complaint = dnsLabelComplaint(name);
  if (complaint !== undefined) return [invalidValue(`not a DNS 1035 label: ${complaint}`, 'name')];
  // A parent whose own name is not known yet cannot vouch for a child's.
  if (!parent.name) return [{ message: 'must not set the field(s)', paths: ['name'] }];
  if (name.startsWith(`${parent.name}-`)) return [];
  return [invalidValue(`"${name}" must have prefix "${parent.name}-"`, 'name')];
}

/** A reference to another object by name. */
export function checkQualifiedName(name: string, path: string): FieldProblem[] {
  if (qualifiedName.test(name)) return [];
  return [
    invalidKey(
      name,
      path,
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
        "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ),
  ];
}

/** A generated name's prefix may end in a dash, which the generated part follows. */
function withoutDash(prefix: string): string {
  return prefix.replace(/-$/, '');
}
