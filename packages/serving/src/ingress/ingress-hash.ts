/**
 * The hash by which a prober tells whether a gateway serves this content of an Ingress: hexadecimal SHA-256 over the spec
 * as Go writes it (fields in the order of the type, empty ones left out, keys of maps sorted, `<`, `>` and `&`
 * escaped), the namespace and the name.
 * https://github.com/knative/networking/blob/main/pkg/ingress/ingress.go
 */
import { createHash } from 'node:crypto';
import type { IngressPath, IngressRule, IngressSpec, IngressSplit, IngressTls } from '../api/ingress.ts';

export function ingressHash(spec: IngressSpec, namespace: string, name: string): string {
  return createHash('sha256').update(goJson(spec)).update(namespace).update(name).digest('hex');
}

/** The text that is hashed. */
export function goJson({ rules, tls, httpOption }: IngressSpec): string {
  const text = JSON.stringify({ rules: orNothing(rules?.map(rule)), tls: orNothing(tls?.map(certificate)), httpOption: httpOption || undefined });
  return text.replaceAll(/[<>&\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `undefined` fields are left out by `JSON.stringify`, as `omitempty` leaves out empty ones. */
function rule({ hosts, visibility, http }: IngressRule): object {
  return { hosts: orNothing(hosts), visibility: visibility || undefined, http: http && { paths: (http.paths ?? []).map(path) } };
}

function path({ path: prefix, rewriteHost, headers, splits, appendHeaders }: IngressPath): object {
  return {
    path: prefix || undefined,
    rewriteHost: rewriteHost || undefined,
    headers: sorted(headers, ({ exact }) => ({ exact: exact ?? '' })),
    splits: splits.map(split),
    appendHeaders: sorted(appendHeaders, (value) => value),
  };
}

function split({ serviceNamespace, serviceName, servicePort, percent, appendHeaders }: IngressSplit): object {
  return { serviceNamespace, serviceName, servicePort, percent: percent || undefined, appendHeaders: sorted(appendHeaders, (value) => value) };
}

function certificate({ hosts, secretName, secretNamespace }: IngressTls): object {
  return { hosts: orNothing(hosts), secretName: secretName || undefined, secretNamespace: secretNamespace || undefined };
}

function sorted<T>(map: Readonly<Record<string, T>> | undefined, write: (value: T) => unknown): object | undefined {
  const entries = Object.entries(map ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries.map(([key, value]) => [key, write(value)]));
}

function orNothing<T>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list === undefined || list.length === 0 ? undefined : list;
}
