/** How far a rollout can go at a time: no faster than the first percent took to arrive at the gateways. */
import type { ConfigurationRollout, Rollout } from './rollout.ts';

const secondNs = 1e9;

/**
 * The gateways serve what the rollout says for the first time: from how long that took follow the size and the length of its steps.
 * @param durationSeconds over how long the whole rollout is to take
 */
export function observeReady(rollout: Rollout, now: number, durationSeconds: number): Rollout {
  return { configurations: rollout.configurations.map((configuration) => plan(configuration, now, durationSeconds)) };
}

function plan(configuration: ConfigurationRollout, now: number, durationSeconds: number): ConfigurationRollout {
  const { step, percent } = configuration;
  if (step.startTime <= 0 || step.stepDuration !== 0) return configuration;
  const leastStepSeconds = Math.max(1, Math.ceil((now - step.startTime) / secondNs));
  const leftSeconds = Math.max(1, durationSeconds - leastStepSeconds);
  // The first percent has been given; no step is smaller than one.
  const steps = Math.max(1, Math.min(leftSeconds / leastStepSeconds, percent - 1));
  const stepDuration = Math.trunc((leftSeconds / steps) * secondNs);
  return {
    ...configuration,
    step: { ...step, stepSize: Math.round((percent - 1) / steps), stepDuration, nextStepTime: now + stepDuration },
  };
}
