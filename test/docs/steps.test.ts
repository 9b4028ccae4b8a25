import { asShown } from './answers.js';
import { Session } from './session.js';
import { commandsOf, stepsOf } from './steps.js';

const documentOf = (...blocks: [language: string, text: string][]) => ({
  path: 'a.md',
  blocks: blocks.map(([language, text]) => ({ language, text })),
  headings: [],
  tables: [],
  links: [],
  codes: [],
});

describe('a document’s commands', () => {
  it('end at line ends and at &&, except within quotes or before a continued line', () => {
    const block = `# it’s a comment
npm ci && npm start   # another
curl -s http://127.0.0.1:4000/graphql \\
  -d '{
    "query": "a && b"
  }'`;
    expect(commandsOf(block)).toEqual(['npm ci', 'npm start', expect.stringMatching(/^curl.*a && b.*'$/s)]);
  });

  it('fail the test where no test knows them', async () => {
    await using session = new Session();
    const unknown = session.follow({ kind: 'command', text: 'rm -rf /nowhere' });
    await expect(unknown).rejects.toThrow('rm -rf /nowhere');
  });

  it('fail the test where the answer differs from the one shown', async () => {
    await using session = new Session();
    const healthz = 'curl -s http://127.0.0.1:4000/healthz';
    const wrong = { kind: 'command' as const, text: healthz, answer: { json: { status: 'fine' } } };
    await session.follow({ ...wrong, answer: { json: { status: 'ok' } } });
    await expect(session.follow(wrong)).rejects.toThrow('fine');
    const failing = { kind: 'operation' as const, text: '{ context(id: "none") { id } }' };
    await expect(session.follow(failing)).rejects.toThrow('CONTEXT_NOT_FOUND');
  });
});

describe('a document’s blocks', () => {
  it('of JSON below an operation are its variables first, then its answer', () => {
    const operation = 'query ($id: ID!) { context(id: $id) { id } }';
    const blocks = documentOf(['graphql', operation], ['json', '{"id":"a"}'], ['json', '{"data":{}}']);
    expect(stepsOf(blocks)).toEqual([
      { kind: 'operation', text: operation, variables: { id: 'a' }, answer: { json: { data: {} } } },
    ]);
  });

  it('fail the test where their language is unknown, or an answer stands below no command', () => {
    expect(() => stepsOf(documentOf(['perl', 'x']))).toThrow('perl');
    expect(() => stepsOf(documentOf(['json', '{}']))).toThrow('no command or operation');
    expect(() => stepsOf(documentOf(['bash', 'npm ci'], ['yaml', 'a: 1'], ['json', '{}']))).toThrow();
  });
});

describe('an answer', () => {
  it('may differ from the one shown in ids and times only', () => {
    const learnt = new Map();
    const shown = { id: 'ctx-1', ttl: 3600, createdAt: '2026-01-01T00:00:00.000Z', list: [{ id: 'ctx-1' }] };
    const came = { ...shown, id: 'ctx-7', createdAt: '2026-02-02T00:00:00Z', list: [{ id: 'ctx-7' }, {}] };
    expect(asShown(came, shown, learnt)).toEqual(shown);
    for (const other of [
      { ...came, ttl: 60 },
      { ...came, list: [] },
      { ...came, list: [{ id: 'ctx-8' }] },
      { ...came, more: 1 },
    ]) {
      expect(asShown(other, shown, learnt)).not.toEqual(shown);
    }
  });
});
