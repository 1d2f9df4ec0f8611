/** Rules for annotations of objects and of revision templates. */
import { parseDuration, type Problem } from '@sluice/kernel';
import { annotations, autoscalingPrefix } from '../labels.ts';
import { checkSidecarAnnotations } from './sidecar-annotations.ts';
import { because, invalidKey, invalidValue, within, type FieldProblem } from './field-problem.ts';

type Annotations = Readonly<Record<string, string>> | undefined;

/** What is wrong with annotations that speak to the autoscaler. The rules are the autoscaler's own, so they are given in. */
export type CheckScaling = (annotations: Readonly<Record<string, string>>) => readonly Problem[];

/** On an object that is no template, where scaling annotations would be without effect. */
export function checkObjectAnnotations(own: Annotations): FieldProblem[] {
  const misplaced = Object.keys(own ?? {}).filter((key) => key.startsWith(autoscalingPrefix));
  return [
    ...misplaced.map((key) =>
      invalidKey(
        key,
        'annotations',
        'autoscaling annotations must be put under "spec.template.metadata.annotations" to work',
      ),
    ),
    ...checkWholeSeconds(own, annotations.rolloutDuration, 'rollout-duration'),
    ...checkWholeSeconds(own, annotations.legacyRolloutDuration, 'rollout-duration'),
  ];
}

/** On a revision template, or on a Revision. */
export function checkTemplateAnnotations(own: Annotations, checkScaling: CheckScaling): FieldProblem[] {
  const scaling = within('annotations', checkScaling(own ?? {}).map(atItsKeys));
  return [
    ...scaling,
    ...checkWholeSeconds(own, annotations.progressDeadline, 'progress-deadline'),
    ...within('annotations', checkSidecarAnnotations(own ?? {})),
  ];
}

/** The autoscaler ends its complaints with the keys they are about, which are paths here. */
function atItsKeys({ message }: Problem): FieldProblem {
  const start = message.indexOf(`: ${autoscalingPrefix}`);
  if (start < 0) return because(message, '');
  return because(message.slice(0, start), ...message.slice(start + 2).split(', '));
}

function checkWholeSeconds(own: Annotations, key: string, name: string): FieldProblem[] {
  const text = own?.[key];
  if (text === undefined) return [];
  const path = `annotations.${key}`;
  const valueMs = parseDuration(text);
  if (valueMs === undefined) return [invalidValue(text, path)];
  if (valueMs < 0 || (valueMs === 0 && name === 'progress-deadline'))
    return [because(`${name}=${text} must be positive`, path)];
  return valueMs % 1000 === 0 ? [] : [because(`${name}=${text} is not at second precision`, path)];
}
