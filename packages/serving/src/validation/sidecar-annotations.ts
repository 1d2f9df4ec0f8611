/** Rules for annotations by which a revision says what its sidecar gets. */
import { parseQuantity } from '../resources/quantity.ts';
import { sidecarPercentageKeys, sidecarResourceKey, sidecarResources } from '../resources/sidecar-resources.ts';
import { invalidValue, outOfBounds, type FieldProblem } from './field-problem.ts';

/** The smallest and the largest share of the program's resources that a sidecar may get, in percent. */
const [shareMin, shareMax] = [0.1, 100];

export function checkSidecarAnnotations(own: Readonly<Record<string, string>>): FieldProblem[] {
  const found: FieldProblem[] = [];
  for (const key of sidecarPercentageKeys) {
    const text = own[key];
    if (text === undefined) continue;
    const percentage = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(percentage)) found.push(invalidValue(text, key));
    else if (percentage < shareMin || percentage > shareMax) found.push(outOfBounds(percentage, shareMin, shareMax, key));
  }
  for (const resource of sidecarResources) {
    for (const bound of ['request', 'limit'] as const) {
      const key = sidecarResourceKey(resource, bound);
      const text = own[key];
      if (text !== undefined && parseQuantity(text) === undefined) found.push(invalidValue(text, key));
    }
  }
  return found;
}
