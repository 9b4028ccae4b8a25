import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { APIS, type ApiName } from '../../src/gateway/apis.js';
import { ModelList } from '../../src/pricing/model-list.js';
import { type PromptDefinition, readPromptFile } from '../../src/prompts/prompt-file.js';
import { readDocument } from '../docs/documents.js';

const models = ModelList.empty();
const JWT = { authMode: 'jwt', models } as const;
const KEYS = 'model, ttl, title, description, roles, parameters, allowSystemMessages, keepWarm';
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
  it('in Markdown has front matter and one system message', () => {
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

  it('in YAML has messages', () => {
    const text =
      'model: gemini-2.5-pro\nmessages:\n  - role: user\n    content: Hi\n  - {role: ASSISTANT, content: Hello}\n';
    const { context } = readValid('few-shot.yaml', text);
    expect(context).toEqual({
      model: 'gemini-2.5-pro',
      mode: 'COMMON_PREFIX',
      messages: [
        { role: 'USER', content: 'Hi' },
        { role: 'ASSISTANT', content: 'Hello' },
      ],
    });
  });

  it('may have Windows line endings', () => {
    expect(readValid('support.md', MARKDOWN.replaceAll('\n', '\r\n'))).toEqual(
      readValid('support.md', MARKDOWN),
    );
  });

  it('has a version that depends on its model, ttl and messages alone', () => {
    const { version } = readValid('support.md', MARKDOWN);
    const content = '["Doubao-1.5-pro-32k",86400,[["SYSTEM","You are a patient support agent."]]]';
    expect(version).toBe(createHash('sha256').update(content).digest('hex').slice(0, 12));
    expect(readValid('other.md', MARKDOWN.replace('Support', 'Help')).version).toBe(version);
    expect(readValid('support.md', MARKDOWN.replace('patient', 'quick')).version).not.toBe(version);
  });

  it('may have the ttl that the API of its model takes, whatever the model is called', () => {
    const byApi = (api: ApiName) => ({ capabilitiesOf: (model: string) => APIS[api].capabilitiesOf(model) });
    const problemsOf = (ttl: number, api: ApiName) => {
      const read = readPromptFile('p.md', `---\nmodel: gemini-m\nttl: ${ttl}\n---\nx`, {
        ...{ authMode: 'jwt', models: byApi(api) },
      });
      return Array.isArray(read) ? read : [];
    };
    expect(problemsOf(300, 'gemini-context')).toEqual([]);
    expect(problemsOf(300, 'responses')).toEqual([]);
    expect(problemsOf(300, 'context')).toEqual(['p.md:3 `ttl` must be 3600 to 604800 seconds']);
    expect(problemsOf(604_801, 'gemini-context')).toEqual([]);
    expect(problemsOf(604_801, 'responses')).toEqual(['p.md:3 `ttl` must be 300 to 604800 seconds']);
  });

  it('reports all problems of its keys at once, with their lines, and quotes no unknown key', () => {
    const text = `---
ttl: soon
modle: m
roles: staff
parameters:
  temperature: hot
  top_p: 1
---
text`;
    expect(readPromptFile('prompts/bad.md', text, JWT)).toEqual([
      'prompts/bad.md:2 `ttl` must be an integer',
      `prompts/bad.md:3 has an unknown key; the known ones are ${KEYS}`,
      'prompts/bad.md:4 `roles` must be a list of strings',
      'prompts/bad.md:6 `parameters.temperature` must be a number',
      'prompts/bad.md:7 has an unknown key; the known ones are temperature, topP, n, maxTokens, maxTokensLimit, stop, presencePenalty, frequencyPenalty',
      'prompts/bad.md:2 must name a `model`',
    ]);
  });

  it.each([
    ['no front matter', 'model: m', ['p.md:1 must begin with YAML front matter between two lines of ---']],
    ['empty front matter', '---\n---\nx', ['p.md:2 must hold keys and values, at least `model`']],
    ['no text', '---\nmodel: m\n---\n \n', ['p.md:2 must have a text below its front matter']],
    [
      'a ttl too short for a prompt',
      '---\nmodel: gemini-2.5-pro\nttl: 299\n---\nx',
      ['p.md:3 `ttl` must be at least 300 seconds'],
    ],
    ['a ttl out of range', '---\nmodel: m\nttl: 60\n---\nx', ['p.md:3 `ttl` must be 3600 to 604800 seconds']],
    ['a blank model', '---\nmodel: " "\n---\nx', ['p.md:2 `model` must not be blank']],
    [
      'parameters out of range',
      '---\nmodel: m\nparameters:\n  temperature: 3\n  stop: [a, b, c, d, e]\n---\nx',
      [
        'p.md:4 `parameters.temperature` must be 0 to 2',
        'p.md:5 `parameters.stop` must hold at most 4 texts',
      ],
    ],
    [
      'a default beyond its limit',
      '---\nmodel: m\nparameters: {maxTokens: 3, maxTokensLimit: 2}\n---\nx',
      ['p.md:3 `parameters.maxTokens` must be at most maxTokensLimit'],
    ],
    [
      'a limit of 0',
      '---\nmodel: m\nparameters: {maxTokensLimit: 0}\n---\nx',
      ['p.md:3 `parameters.maxTokensLimit` must be at least 1'],
    ],
    [
      'roles that nobody has',
      '---\nmodel: m\nroles: []\n---\nx',
      ['p.md:3 `roles` must name at least one role, none of them blank; omit it to allow every caller'],
    ],
    [
      'a key twice',
      '---\nmodel: m\nmodel: m\n---\nx',
      ['p.md:3 is not valid YAML (DUPLICATE_KEY); correct the syntax here'],
    ],
    [
      'many errors in a line',
      `---\nmodel: ${'['.repeat(100)}\n---\nx`,
      ['p.md:3 is not valid YAML (BAD_INDENT); correct the syntax here'],
    ],
    [
      'an unknown tag',
      '---\nmodel: !secret m\n---\nx',
      ['p.md:2 is not valid YAML (TAG_RESOLVE_FAILED); correct the syntax here'],
    ],
    [
      'an alias',
      '---\nmodel: &m m\ntitle: *m\ndescription: *n\n---\nx',
      [
        'p.md:3 must not use an alias; write the value here',
        'p.md:4 must not use an alias; write the value here',
      ],
    ],
    [
      'messages in Markdown',
      '---\nmodel: m\nmessages: []\n---\nx',
      [`p.md:3 has an unknown key; the known ones are ${KEYS}`],
    ],
    [
      'a map as a key',
      '---\nmodel: m\n? {a: b}\n: c\n---\nx',
      [`p.md:3 has an unknown key; the known ones are ${KEYS}`],
    ],
  ])('with %s is rejected', (_, text, problems) => {
    expect(readPromptFile('p.md', text, JWT)).toEqual(problems);
  });

  it.each([
    ['no messages', 'model: m\n', ['p.yaml:1 `messages` must hold at least one message']],
    [
      'messages of the wrong form',
      'model: m\nmessages:\n  - role: robot\n    content: x\n  - role: user\n  - hi\n',
      [
        'p.yaml:3 `messages.0.role` must be system, user or assistant',
        'p.yaml:5 `messages.1` must have a content',
        'p.yaml:6 `messages.2` must be a map with a role and a content',
      ],
    ],
    ['a list', '- a\n', ['p.yaml:1 must hold keys and values, at least `model`']],
    ['nothing in it', '', ['p.yaml:1 must hold keys and values, at least `model`']],
  ])('in YAML with %s is rejected', (_, text, problems) => {
    expect(readPromptFile('p.yaml', text, JWT)).toEqual(problems);
  });

  it('may name roles only where callers have some', () => {
    for (const authMode of ['none', 'passthrough'] as const) {
      expect(readPromptFile('p.md', MARKDOWN, { authMode, models })).toEqual([
        'p.md:5 `roles` needs AUTH_MODE=jwt: other callers have no roles',
      ]);
    }
  });

  it('may ask for keepWarm with the server’s key, and with a ttl of ten minutes or more', () => {
    const text = (ttl: string) => `---\nmodel: gemini-2.5-pro\n${ttl}keepWarm: true\n---\nx`;
    const read = readPromptFile('p.md', text('ttl: 600\n'), { authMode: 'none', models });
    expect(read).toMatchObject({ keepWarm: true });
    expect(readPromptFile('p.md', text('ttl: 599\n'), JWT)).toEqual([
      'p.md:3 `ttl` must be at least 600 seconds with keepWarm',
    ]);
    expect(readPromptFile('p.md', text(''), JWT)).toEqual([
      'p.md:3 `keepWarm` needs a `ttl`, of at least 600 seconds',
    ]);
    expect(readPromptFile('p.md', text('').replace('true', 'false'), JWT)).toMatchObject({ keepWarm: false });
    expect(readPromptFile('p.md', text('ttl: 600\n'), { authMode: 'passthrough', models })).toEqual([
      'p.md:4 `keepWarm` needs the server’s own key, which AUTH_MODE=passthrough does not use',
    ]);
  });

  it('is read or rejected, whatever it holds, and no problem quotes any of it', () => {
    const canary = fc.constantFrom('canary text', 'canary: text', '*canary', '"canary', '? [canary]');
    const value = fc.oneof(
      canary,
      fc.jsonValue(),
      fc.array(fc.dictionary(fc.constantFrom('role', 'content', 'canary'), canary)),
    );
    const keys = fc.oneof(
      fc.constantFrom('model', 'ttl', 'roles', 'parameters', 'messages', 'title', 'keepWarm'),
      canary,
    );
    const content = fc.oneof(
      fc.dictionary(keys, value).map((valid) => stringify(valid)),
      fc.array(fc.tuple(keys, canary)).map((lines) => lines.map((line) => line.join(': ')).join('\n')),
    );
    fc.assert(
      fc.property(content, fc.constantFrom('p.yaml', 'p.md'), (text, file) => {
        const read = readPromptFile(file, file === 'p.md' ? `---\n${text}\n---\ncanary` : text, JWT);
        if (Array.isArray(read)) {
          expect(read.length).toBeGreaterThan(0);
          for (const problem of read) expect(problem).toMatch(/^p\.(?:yaml|md):\d+ /);
          expect(read.join('\n')).not.toContain('canary');
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
    for (const [index, name] of names.entries()) {
      expect(readPromptFile(name, files[index]?.text ?? '', { authMode: 'none', models })).toMatchObject({
        name: 'shown',
      });
    }
  });
});
