import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createTestApiServer } from '../../testing/test-api-server.ts';
import { playConversation, readConversation } from './conversation.ts';

const files = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.yaml'));

describe('the server answers as a Kubernetes 1.32 server does', () => {
  it.each(files)('%s', async (file) => {
    const steps = readConversation(readFileSync(`${import.meta.dirname}/${file}`, 'utf8'));
    expect(steps.length).toBeGreaterThan(0);
    expect(await playConversation(steps, createTestApiServer())).toEqual([]);
  });

  it('and a difference would be seen', async () => {
    const steps = readConversation('[{request: GET /healthz, status: 201, text: no}]');
    const differences = await playConversation(steps, createTestApiServer());
    expect(differences).toHaveLength(2);
  });
});
