import { Metrics } from '../../src/telemetry/metrics.js';
import { newWork } from '../../src/telemetry/work.js';

const finished = (model: string) => ({
  ...newWork(),
  requestId: 'r',
  callerId: 'c',
  kind: 'mutation',
  name: undefined,
  fields: ['chat'],
  startedAt: 0,
  durationMs: 1,
  tokens: [
    {
      model,
      chats: 1,
      promptTokens: 2,
      cachedTokens: 1,
      completionTokens: 1,
      estimatedTokens: 0,
      cost: null,
    },
  ],
});

describe('the models among the metrics', () => {
  it('are "other" where their names are long or many, so that the page stays short', async () => {
    const metrics = new Metrics();
    metrics.onOperation(finished('m'.repeat(200_000)));
    metrics.onOperation(finished('m'.repeat(128)));
    for (let count = 0; count < 300; count++) metrics.onOperation(finished(`model-${count}`));
    const page = await metrics.print();
    const models = new Set(
      [...page.matchAll(/tokens_total\{kind="prompt",model="([^"]*)"\}/g)].map(([, name]) => name),
    );
    expect(models.size).toBe(101);
    expect(models).toContain('other');
    expect(models).toContain('m'.repeat(128));
    expect(page.length).toBeLessThan(100_000);
  });
});
