/** What is no good, from users and from whoever configures: what they are told, and that nothing else breaks. On one mesh, whose start takes longest. */
import { afterAll, beforeAll, describe } from 'vitest';
import { kubernetesToolsMissing } from '../support/kubernetes-tools.ts';
import { LocalMesh } from './local-mesh.ts';
import { testFirstMistakes } from './mistakes/first-mistakes.ts';
import { testPoison } from './mistakes/poison.ts';

const mesh = new LocalMesh();

describe.skipIf(kubernetesToolsMissing !== undefined)('what is no good', () => {
  beforeAll(() => mesh.start());
  afterAll(() => mesh.dispose());

  describe('mistakes', () => testFirstMistakes(mesh));
  describe('configuration', () => testPoison(mesh));
});
