/** EndpointSlices by the Service that they belong to. */
import { serviceKeyOf, type EndpointSliceView } from './endpoints.ts';

export class SliceIndex {
  readonly #slices = new Map<string, EndpointSliceView>();
  /** Keys of slices by `namespace/service`. */
  readonly #slicesOf = new Map<string, Set<string>>();

  /** Says which Services have other endpoints now: one, or two where a slice goes from one to another. */
  set(key: string, slice: EndpointSliceView | undefined): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const view of [this.#slices.get(key), slice]) {
      const service = view && serviceKeyOf(view);
      if (service === undefined) continue;
      const keys = this.#slicesOf.get(service) ?? new Set<string>();
      if (view === slice) keys.add(key);
      else keys.delete(key);
      if (keys.size === 0) this.#slicesOf.delete(service);
      else this.#slicesOf.set(service, keys);
      touched.add(service);
    }
    if (slice) this.#slices.set(key, slice);
    else this.#slices.delete(key);
    return touched;
  }

  /**
   * In the order of their names, since of two that say different things of an address one must be the first.
   * @param service `namespace/service`
   */
  of(service: string): EndpointSliceView[] {
    const keys = [...(this.#slicesOf.get(service) ?? [])].sort();
    return keys.flatMap((key) => this.#slices.get(key) ?? []);
  }
}
