/**
 * `/etc/resolv.conf`, as far as names are concerned: which domains are tried for short ones. Servers are read by c-ares
 * itself. https://man7.org/linux/man-pages/man5/resolv.conf.5.html
 */
export interface ResolvConf {
  readonly searchDomains: readonly string[];
  /** A name with so many dots is tried as it is first. Default 1. */
  readonly dotsMin: number;
}

export const emptyResolvConf: ResolvConf = { searchDomains: [], dotsMin: 1 };

/** The system's own limits: what is beyond is cut. */
const dotsMax = 15;
const searchDomainsMax = 32;

export function parseResolvConf(text: string): ResolvConf {
  let { searchDomains, dotsMin } = emptyResolvConf;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = line.replace(/[#;].*/, '').trim().split(/\s+/);
    // Of several lines the last counts.
    if (keyword === 'search' || keyword === 'domain') searchDomains = values.filter((domain) => domain !== '' && domain !== '.').slice(0, searchDomainsMax);
    if (keyword !== 'options') continue;
    const dots = values.map((option) => /^ndots:(\d+)$/.exec(option)?.[1]).findLast((found) => found !== undefined);
    if (dots !== undefined) dotsMin = Math.min(Number(dots), dotsMax);
  }
  return { searchDomains, dotsMin };
}

/** The whole names that `name` may stand for, in the order they are asked for. One that ends with a dot is whole. */
export function candidatesOf(name: string, { searchDomains, dotsMin }: ResolvConf): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const dots = name.split('.').length - 1;
  const longer = searchDomains.map((domain) => `${name}.${domain.replace(/\.$/, '')}`);
  return dots >= dotsMin ? [name, ...longer] : [...longer, name];
}
