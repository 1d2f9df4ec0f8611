/** Amounts as Kubernetes writes them: `25m`, `1.5Gi`, `2e3`. */

const pattern = /^([+-]?(?:\d+\.?\d*|\.\d+))([eE][+-]?\d+|[numkKMGTPE]|[KMGTPE]i)?$/;

const factors: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Undefined when it is no amount. */
export function parseQuantity(text: string): number | undefined {
  const [, digits, suffix = ''] = pattern.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return /^[eE]./.test(suffix) ? Number(digits + suffix) : Number(digits) * (factors[suffix] ?? 1);
}

/** In thousandths where it is no whole number, rounded up. */
export function formatQuantity(amount: number): string {
  return Number.isInteger(amount) ? String(amount) : `${Math.ceil(amount * 1000)}m`;
}
