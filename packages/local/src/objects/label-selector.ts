/** Which labels a selector of apps/v1 takes in. */
import type { LabelSelector } from '@sluice/kubernetes';

type Labels = Readonly<Record<string, string>>;

/** True when every label and every expression of the selector holds. An empty selector takes in everything. */
export function matchesSelector(selector: LabelSelector, labels: Labels = {}): boolean {
  const pairs = Object.entries(selector.matchLabels ?? {});
  if (!pairs.every(([key, value]) => labels[key] === value)) return false;
  return (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
    const value = labels[key];
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
    }
  });
}
