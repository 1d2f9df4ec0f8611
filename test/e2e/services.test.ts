/** What a user sees of Services, on one mesh: its start takes longer than most of what is asked of it. */
import { afterAll, beforeAll, describe } from 'vitest';
import { LocalMesh } from './local-mesh.ts';
import { burstFiles, testBurst } from './services/burst.ts';
import { drainFiles, testDrain } from './services/drain.ts';
import { h2cFiles, testH2c } from './services/h2c.ts';
import { testRollout } from './services/rollout.ts';
import { testScale } from './services/scale.ts';
import { testWake } from './services/wake.ts';

const mesh = new LocalMesh({ ...burstFiles, ...drainFiles, ...h2cFiles });

beforeAll(() => mesh.start());
afterAll(() => mesh.dispose());

describe('h2c', () => testH2c(mesh));
describe('burst', () => testBurst(mesh));
describe('scale', () => testScale(mesh));
describe('drain', () => testDrain(mesh));
describe('rollout', () => testRollout(mesh));
describe('wake', () => testWake(mesh));
