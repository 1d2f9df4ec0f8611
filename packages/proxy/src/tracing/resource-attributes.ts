/** What resource detectors find out about this process. */
import type { ResourceDetector } from '@sluice/resources';
import type { OperatorContext } from '../substitution/format-source.ts';

/** Undefined where they find nothing. Of several that know the same the last counts; what is empty says nothing. */
export function detectResource(detectors: readonly ResourceDetector[], context: OperatorContext): Readonly<Record<string, string>> | undefined {
  const found = detectors.flatMap((detector) => (detector.kind === 'static' ? [...detector.attributes] : readVariable(context.variable('OTEL_RESOURCE_ATTRIBUTES') ?? '')));
  const told = found.filter(([name, value]) => name !== '' && value !== '');
  return told.length === 0 ? undefined : Object.fromEntries(told);
}

/** `a=1,b=two%20words`: https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable */
function readVariable(text: string): [string, string][] {
  return text.split(',').flatMap((pair): [string, string][] => {
    const at = pair.indexOf('=');
    return at < 0 ? [] : [[pair.slice(0, at).trim(), decode(pair.slice(at + 1).trim())]];
  });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
