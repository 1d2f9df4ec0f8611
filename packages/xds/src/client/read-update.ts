/** Takes a response apart: what can be read of it, by name, and what is wrong with the rest. */
import { formatProblem, problem, type Problem } from '@sluice/kernel';

import type { Codec } from '../codec/codec.ts';
import { versionOfBytes } from '../snapshot/content-version.ts';
import { messageNameOf, typeUrls, type TypeUrl } from '../type-urls.ts';
import type { ReceivedResource } from './ads-consumer.ts';
import type { IncomingResource, IncomingUpdate } from './incoming.ts';

export interface Reading {
  readonly resources: readonly { readonly resource: ReceivedResource; readonly serverVersion: string }[];
  /** Every name in the response, whatever is wrong with what bears it. */
  readonly names: ReadonlySet<string>;
  /** How long what has been sent, or only been confirmed, may be used; undefined for ever. */
  readonly lifetimes: readonly { readonly name: string; readonly ttlMs: number | undefined }[];
  readonly problems: readonly string[];
  /** False when something had no readable name: then absence proves nothing, and nothing may be deleted. */
  readonly isComplete: boolean;
  readonly unknownFields: number;
}

/** The most bytes one resource may have: 32 MiB. Chosen: ten times what ten thousand services in one route table take. */
export const resourceBytesMax = 32 * 1024 * 1024;

export function readUpdate(typeUrl: TypeUrl, update: IncomingUpdate, codec: Codec): Reading {
  const byName = new Map<string, { readonly resource: ReceivedResource; readonly serverVersion: string } | undefined>();
  const lifetimes: { name: string; ttlMs: number | undefined }[] = [];
  const problems: string[] = [];
  let isComplete = true;
  let unknownFields = 0;
  update.resources.forEach((incoming, index) => {
    const { name: outerName, resource: encoded, ttlMs, serverVersion } = incoming;
    if (encoded === undefined && outerName !== undefined) {
      byName.set(outerName, undefined);
      lifetimes.push({ name: outerName, ttlMs });
      return;
    }
    const read = readResource(typeUrl, incoming, codec);
    if (!read.ok) {
      problems.push(...reasonsFor(outerName ?? `#${index}`, read.problems));
      if (outerName === undefined) isComplete = false;
      else byName.set(outerName, undefined);
      return;
    }
    unknownFields += read.unknownFields;
    const { name } = read.resource;
    if (byName.has(name)) {
      problems.push(...reasonsFor(name, [problem('', 'is there twice')]));
      // Neither of the two can be preferred, so what was held stays.
      byName.set(name, undefined);
      return;
    }
    lifetimes.push({ name, ttlMs });
    byName.set(name, { resource: read.resource, serverVersion });
  });
  const resources = [...byName.values()].filter((resource) => resource !== undefined);
  return { resources, names: new Set(byName.keys()), lifetimes, problems, isComplete, unknownFields };
}

export function reasonsFor(name: string, problems: readonly Problem[]): readonly string[] {
  const errors = problems.filter(({ severity }) => severity === 'error');
  // A refusal without a reason is still one.
  if (errors.length === 0) return [`${name}: refused`];
  return errors.map((found) => `${name}: ${formatProblem(found)}`);
}

type ResourceReading =
  | { readonly ok: true; readonly resource: ReceivedResource; readonly unknownFields: number }
  | { readonly ok: false; readonly problems: readonly Problem[] };

function readResource(typeUrl: TypeUrl, { name: outerName, resource: encoded }: IncomingResource, codec: Codec): ResourceReading {
  if (encoded === undefined) return refused('', 'has no name and no content');
  if (encoded.typeUrl !== typeUrl) return refused('', `is a ${encoded.typeUrl}`);
  if (encoded.value.length > resourceBytesMax) return refused('', `has ${encoded.value.length} bytes, may have ${resourceBytesMax}`);
  const decoded = codec.decode(messageNameOf(typeUrl), encoded.value);
  if (!decoded.ok) return decoded;
  const { value, unknownFields } = decoded.value;
  const name = value[nameField(typeUrl)];
  if (typeof name !== 'string') return refused(nameField(typeUrl), 'is missing');
  // A virtual host is called `table/domain` by its server; its own name is for people.
  if (typeUrl === typeUrls.virtualHost && outerName !== undefined) return { ok: true, resource: { name: outerName, version: versionOfBytes(encoded.value), value }, unknownFields };
  if (outerName !== undefined && outerName !== name) return refused(nameField(typeUrl), `is ${JSON.stringify(name)}, but it was sent as ${JSON.stringify(outerName)}`);
  return { ok: true, resource: { name, version: versionOfBytes(encoded.value), value }, unknownFields };
}

function refused(path: string, message: string): ResourceReading {
  return { ok: false, problems: [problem(path, message)] };
}

/** A resource's name stands in its `name`, except that endpoints are named after their cluster. */
function nameField(typeUrl: TypeUrl): string {
  return typeUrl === typeUrls.clusterLoadAssignment ? 'cluster_name' : 'name';
}
