import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { type PromptDefinition, readPromptFile } from '../../src/prompts/prompt-file.js';
import { readDocument } from '../docs/documents.js';

const JWT = { allowRoles: true, allowKeepWarm: true };
const MARKDOWN = `---
model: Doubao-1.5-pro-32k
ttl: 86400
title: Support
roles: [staff, admin]
parameters:
  temperature: 0.2
  maxTokensLimit: 500
---

You are a patient support agent.
`;

function readValid(file: string, text: string): PromptDefinition {
  const prompt = readPromptFile(file, text, JWT);
  if (Array.isArray(prompt)) throw new Error(prompt.join('\n'));
  return prompt;
}

describe('a prompt file', () => {
  it('in Markdown is front matter and one system message', () => {
    const prompt = readValid('prompts/support.md', MARKDOWN);
    expect(prompt).toMatchObject({
      name: 'support',
      title: 'Support',
      description: null,
      roles: ['staff', 'admin'],
      parameters: { temperature: 0.2 },
      maxTokensLimit: 500,
      allowSystemMessages: false,
      keepWarm: false,
      context: {
        model: 'Doubao-1.5-pro-32k',
        ttl: 86_400,
        mode: 'COMMON_PREFIX',
        messages: [{ role: 'SYSTEM', content: 'You are a patient support agent.' }],
      },
    });
  });

  it('in YAML holds its messages itself', () => {
    const text =
      'model: gemini-2.5-pro\nmessages:\n  - role: user\n    content: Hi\n  - {role: ASSISTANT, content: Hello}\n';
    const { context } = readValid('few-shot.yaml', text);
    expect(context).toEqual({
      model: 'gemini-2.5-pro',
      messages: [
        { role: 'USER', content: 'Hi' },
        { role: 'ASSISTANT', content: 'Hello' },
      ],
    });
  });

  it('has a version that names what the gateway is sent, and nothing else', () => {
    const { version } = readValid('support.md', MARKDOWN);
    const body =
      '{"model":"Doubao-1.5-pro-32k","messages":[{"role":"system","content":"You are a patient support agent."}],"mode":"common_prefix","ttl":86400}';
    expect(version).toBe(createHash('sha256').update(body).digest('hex').slice(0, 12));
    expect(readValid('other.md', MARKDOWN.replace('Support', 'Help')).version).toBe(version);
    expect(readValid('support.md', MARKDOWN.replace('patient', 'quick')).version).not.toBe(version);
  });

  it('tells all its problems at once, with their lines', () => {
    const text = `---
ttl: 60
modle: m
roles: staff
parameters:
  temperature: hot
  top_p: 1
---
text`;
    expect(readPromptFile('prompts/bad.md', text, JWT)).toEqual([
      'prompts/bad.md:3 `modle` is unknown; known are model, ttl, title, description, roles, parameters, allowSystemMessages, keepWarm',
      'prompts/bad.md:4 `roles` must be a list of texts',
      'prompts/bad.md:2 must name a `model`',
      'prompts/bad.md:6 `parameters.temperature` must be a number',
      'prompts/bad.md:7 `parameters.top_p` is unknown; known are temperature, topP, n, maxTokens, maxTokensLimit, stop, presencePenalty, frequencyPenalty',
    ]);
  });

  it.each([
    ['no front matter', 'model: m', ['p.md:1 must begin with YAML front matter between two lines of ---']],
    ['no text', '---\nmodel: m\n---\n \n', ['p.md:2 must have a text below its front matter']],
    [
      'a ttl out of range',
      '---\nmodel: m\nttl: 60\n---\nx',
      ['p.md:3 `ttl` must be 3600 to 604800 seconds (an hour to 7 days)'],
    ],
    ['a blank model', '---\nmodel: " "\n---\nx', ['p.md:2 `model` must not be blank']],
    [
      'a parameter out of range',
      '---\nmodel: m\nparameters:\n  temperature: 3\n---\nx',
      ['p.md:4 `parameters.temperature` must be 0 to 2'],
    ],
    [
      'a default beyond its limit',
      '---\nmodel: m\nparameters: {maxTokens: 3, maxTokensLimit: 2}\n---\nx',
      ['p.md:3 `parameters.maxTokens` must be at most maxTokensLimit'],
    ],
    [
      'a limit of nothing',
      '---\nmodel: m\nparameters: {maxTokensLimit: 0}\n---\nx',
      ['p.md:3 `parameters.maxTokensLimit` must be at least 1'],
    ],
    [
      'a key twice',
      '---\nmodel: m\nmodel: m\n---\nx',
      ['p.md:3 is not valid YAML (DUPLICATE_KEY); correct the syntax here'],
    ],
    [
      'messages in Markdown',
      '---\nmodel: m\nmessages: []\n---\nx',
      [
        'p.md:3 `messages` is unknown; known are model, ttl, title, description, roles, parameters, allowSystemMessages, keepWarm',
      ],
    ],
  ])('with %s is refused', (_, text, problems) => {
    expect(readPromptFile('p.md', text, JWT)).toEqual(problems);
  });

  it.each([
    ['no messages', 'model: m\n', ['p.yaml:1 `messages` must hold at least one message']],
    [
      'an unknown role',
      'model: m\nmessages:\n  - role: robot\n    content: x\n',
      ['p.yaml:3 `messages.0.role` must be system, user or assistant'],
    ],
    [
      'a message without content',
      'model: m\nmessages:\n  - role: user\n',
      ['p.yaml:3 `messages.0` must have a content'],
    ],
    [
      'a text in place of a message',
      'model: m\nmessages: [hi]\n',
      ['p.yaml:2 `messages.0` must have a role and a content'],
    ],
    ['no map', '- a\n', ['p.yaml:1 must hold keys and values, at least `model`']],
    ['nothing in it', '', ['p.yaml:1 must hold keys and values, at least `model`']],
  ])('in YAML with %s is refused', (_, text, problems) => {
    expect(readPromptFile('p.yaml', text, JWT)).toEqual(problems);
  });

  it('may ask for roles only where callers have some', () => {
    expect(readPromptFile('p.md', MARKDOWN, { ...JWT, allowRoles: false })).toEqual([
      'p.md:5 `roles` needs AUTH_MODE=jwt: other callers have no roles',
    ]);
  });

  it('may be kept warm only with a key of the server, and with a ttl that leaves time for it', () => {
    const text = (ttl: number) => `---\nmodel: gemini-2.5-pro\nttl: ${ttl}\nkeepWarm: true\n---\nx`;
    expect(readPromptFile('p.md', text(600), { ...JWT, allowKeepWarm: false })).toEqual([
      'p.md:4 `keepWarm` needs a key of the server: it may not spend the callers’ keys',
    ]);
    expect(readPromptFile('p.md', text(599), JWT)).toEqual([
      'p.md:3 `ttl` must be at least 600 seconds with keepWarm',
    ]);
    expect(readValid('p.md', text(600)).keepWarm).toBe(true);
  });

  it('is read or refused, whatever it holds, and no problem quotes a value', () => {
    const value = fc.oneof(fc.constant('canary-text'), fc.jsonValue());
    const keys = fc.constantFrom('model', 'ttl', 'roles', 'parameters', 'messages', 'title', 'keepWarm', 'x');
    fc.assert(
      fc.property(fc.dictionary(keys, value), (content) => {
        const read = readPromptFile('p.yaml', stringify(content), JWT);
        if (Array.isArray(read)) {
          expect(read.length).toBeGreaterThan(0);
          for (const problem of read) expect(problem).toMatch(/^p\.yaml:\d+ /);
          expect(read.join('\n')).not.toContain('canary-text');
        } else {
          expect(read.version).toMatch(/^[0-9a-f]{12}$/);
        }
      }),
    );
  });
});

describe('the files that the documentation shows', () => {
  it('are usable', () => {
    const files = readDocument('docs/prompts.md').blocks.filter(({ language }) => language !== 'bash');
    const names = files.map(({ language }) => (language === 'markdown' ? 'shown.md' : 'shown.yaml'));
    expect(names).toEqual(['shown.md', 'shown.yaml']);
    for (const [index, name] of names.entries()) readValid(name, files[index]?.text ?? '');
  });
});
