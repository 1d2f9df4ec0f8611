/**
 * Counters, gauges and histograms as plain numbers in memory. Adding to one is an addition and nothing
 * else, so the data path can afford it on every request; text is made only when somebody reads it.
 * Take the child for a set of label values once, outside the hot path, and keep it.
 */
export type LabelValues = Readonly<Record<string, string>>;

export interface Counter {
  add(amount?: number): void;
  readonly value: number;
}

export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
  readonly value: number;
}

export interface Histogram {
  observe(value: number): void;
  readonly count: number;
  readonly sum: number;
}

/** One child of a family as read at one moment. Histogram buckets are not cumulative; the last is +Inf. */
export interface MetricSample {
  readonly labels: LabelValues;
  readonly value: number;
  readonly buckets?: readonly number[];
  readonly count?: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** Upper bounds of a histogram's buckets, ascending, without +Inf. */
  readonly bounds: readonly number[];
  readonly samples: readonly MetricSample[];
}

export interface Meter {
  counter(name: string, help: string, labels?: LabelValues): Counter;
  gauge(name: string, help: string, labels?: LabelValues): Gauge;
  /** A gauge whose value is asked for when somebody reads it. */
  observedGauge(name: string, help: string, read: () => number, labels?: LabelValues): void;
  histogram(name: string, help: string, bounds: readonly number[], labels?: LabelValues): Histogram;
  /**
   * Forgets the children that carry all of `labels`, so that what has gone does not stay on the page.
   * @param names of the families that it is about. Default all
   */
  remove(labels: LabelValues, names?: ReadonlySet<string>): void;
  /** Counters and histograms begin anew; gauges say what is, and stay. Absent where numbers are somebody else's. */
  resetCounters?(): void;
  /** Everything, as of now, families in the order they were first named. */
  collect(): MetricFamily[];
}

class Cell implements Counter, Gauge {
  value = 0;
  add(amount = 1): void {
    this.value += amount;
  }
  set(value: number): void {
    this.value = value;
  }
}

class Buckets implements Histogram {
  readonly #bounds: readonly number[];
  readonly counts: Float64Array;
  count = 0;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  reset(): void {
    this.counts.fill(0);
    this.count = 0;
    this.sum = 0;
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let index = 0;
    while (index < bounds.length && value > (bounds[index] as number)) index += 1;
    this.counts[index] = (this.counts[index] as number) + 1;
    this.count += 1;
    this.sum += value;
  }
}

interface Child {
  readonly labels: LabelValues;
  readonly instrument: Cell | Buckets | { readonly read: () => number };
}

interface Family {
  readonly help: string;
  readonly type: MetricFamily['type'];
  readonly bounds: readonly number[];
  readonly children: Map<string, Child>;
}

/** Asking twice for the same name and labels gives the same instrument; another type for a name throws. */
export function createMeter(): Meter {
  const families = new Map<string, Family>();

  function child(
    name: string,
    help: string,
    type: MetricFamily['type'],
    bounds: readonly number[],
    labels: LabelValues,
    make: () => Child['instrument'],
  ): Child['instrument'] {
    let family = families.get(name);
    if (!family) {
      family = { help, type, bounds, children: new Map() };
      families.set(name, family);
    }
    if (family.type !== type) throw new TypeError(`metric ${name} is a ${family.type}, asked for as a ${type}`);
    const key = labelKey(labels);
    let found = family.children.get(key);
    if (!found) {
      found = { labels, instrument: make() };
      family.children.set(key, found);
    }
    return found.instrument;
  }

  return {
    counter: (name, help, labels = {}) => child(name, help, 'counter', [], labels, () => new Cell()) as Cell,
    gauge: (name, help, labels = {}) => child(name, help, 'gauge', [], labels, () => new Cell()) as Cell,
    observedGauge(name, help, read, labels = {}) {
      child(name, help, 'gauge', [], labels, () => ({ read }));
    },
    histogram: (name, help, bounds, labels = {}) =>
      child(name, help, 'histogram', bounds, labels, () => new Buckets(bounds)) as Buckets,
    remove(labels, names) {
      const wanted = Object.entries(labels);
      for (const [name, family] of families) {
        if (names && !names.has(name)) continue;
        for (const [key, { labels: own }] of family.children) {
          if (wanted.every(([label, value]) => own[label] === value)) family.children.delete(key);
        }
      }
    },
    resetCounters() {
      for (const { type, children } of families.values()) {
        if (type === 'gauge') continue;
        for (const { instrument } of children.values()) {
          if (instrument instanceof Cell) instrument.set(0);
          else if (instrument instanceof Buckets) instrument.reset();
        }
      }
    },
    collect() {
      return [...families].map(([name, { help, type, bounds, children }]) => ({
        name,
        help,
        type,
        bounds,
        samples: [...children.values()].map(readChild),
      }));
    },
  };
}

function readChild({ labels, instrument }: Child): MetricSample {
  if (instrument instanceof Cell) return { labels, value: instrument.value };
  if (instrument instanceof Buckets) {
    return { labels, value: instrument.sum, count: instrument.count, buckets: [...instrument.counts] };
  }
  return { labels, value: instrument.read() };
}

function labelKey(labels: LabelValues): string {
  return Object.keys(labels)
    .sort()
    .map((name) => `${name}\u0000${labels[name]}`)
    .join('\u0001');
}
