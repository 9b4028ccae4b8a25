import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { ConfigError, readConfig } from '../../src/config/config.js';
import { ModelList } from '../../src/pricing/model-list.js';
import { checkPrompts, openPrompts, PromptFolder } from '../../src/prompts/prompt-folder.js';
import { eventually } from '../support/eventually.js';

const models = ModelList.empty();
const prompt = (text: string, model = 'm') => `---\nmodel: ${model}\n---\n${text}\n`;

describe('a folder of prompts', () => {
  let folder: string;
  let lines: { level: number; msg: string; problems?: string[]; prompt?: string }[];
  const opened: PromptFolder[] = [];
  const write = (name: string, text: string | Buffer) => writeFileSync(join(folder, name), text);
  const open = async () => {
    const log = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) });
    const one = await PromptFolder.open(folder, { authMode: 'jwt', models, log });
    opened.push(one);
    return one;
  };
  const check = () =>
    checkPrompts({ authMode: 'jwt', prompts: { ...readConfig({}).prompts, folder } }, models);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'prompts-'));
    lines = [];
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
    rmSync(folder, { recursive: true });
  });

  it('gives its prompts by name', async () => {
    write('support-zh.md', `\uFEFF${prompt('one')}`);
    write('assistant.yaml', 'model: m\nmessages: [{role: system, content: two}]\n');
    write('notes.txt', 'no prompt');
    write('.hidden.md', 'no prompt');
    const prompts = await open();
    expect(prompts.all().map(({ name }) => name)).toEqual(['assistant', 'support-zh']);
    expect(prompts.get('support-zh')?.context.messages).toEqual([{ role: 'SYSTEM', content: 'one' }]);
    expect(prompts.get('notes')).toBeUndefined();
    expect(prompts.unusableFiles).toBe(0);
  });

  it('reports every problem of every file at once, and is not opened', async () => {
    write('bad.md', 'no front matter');
    write('gbk.md', Buffer.concat([Buffer.from('---\nmodel: m\n---\n'), Buffer.from([0xc4, 0xe3, 0xba])]));
    write('large.md', prompt('x'.repeat(1_048_576)));
    write('twice.md', prompt('one'));
    write('twice.yaml', 'model: m\nmessages: [{role: system, content: two}]\n');
    write('Upper.md', prompt('one'));
    mkdirSync(join(folder, 'folder.md'));
    execFileSync('mkfifo', [join(folder, 'pipe.md')]);
    const { prompts, problems } = await check();
    expect(prompts.map(({ name }) => name)).toEqual(['twice']);
    expect(problems).toEqual([
      `${folder}/Upper.md must have a name of at most 63 lower-case letters, digits and hyphens, the first no hyphen`,
      `${folder}/bad.md:1 must begin with YAML front matter between two lines of ---`,
      `${folder}/folder.md must be a file`,
      `${folder}/gbk.md must be in UTF-8`,
      `${folder}/large.md must be at most 1048576 bytes`,
      `${folder}/pipe.md must be a file`,
      `${folder}/twice.yaml must not have the same name as another file`,
    ]);
    await expect(open()).rejects.toThrow(new ConfigError(problems));
  });

  it('holds 1000 prompt files at most', async () => {
    for (let count = 0; count <= 1_000; count++) write(`p${1_000 + count}.md`, prompt('x'));
    const { prompts, problems } = await check();
    expect(prompts).toHaveLength(1_000);
    expect(problems).toEqual([
      `${folder}/p2000.md is one file too many: a folder may hold 1000 prompt files`,
    ]);
  });

  it('is read again when a file is changed, added or removed', async () => {
    write('a.md', prompt('one'));
    const prompts = await open();
    const version = prompts.get('a')?.version;
    write('a.md', prompt('two'));
    write('b.md', prompt('three'));
    await eventually(() => prompts.get('a')?.version !== version && prompts.get('b') !== undefined);
    rmSync(join(folder, 'a.md'));
    await eventually(() => prompts.get('a') === undefined);
    expect(lines.map(({ msg, prompt }) => `${prompt}: ${msg}`)).toContain('a: a prompt was removed');
  });

  it('keeps the last good version of a file that turns bad, and logs the problem once', async () => {
    write('a.md', prompt('canary'));
    const prompts = await open();
    const version = prompts.get('a')?.version;
    write('a.md', '---\ncanary: canary\n---\ncanary');
    await eventually(() => prompts.unusableFiles === 1);
    await Promise.all([prompts.readAgain(), prompts.readAgain()]);
    expect(prompts.get('a')?.version).toBe(version);
    const errors = lines.filter(({ level }) => level === 50);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.problems?.[0]).toContain('a.md:2 has an unknown key');
    expect(JSON.stringify(lines)).not.toContain('canary');
    write('a.md', prompt('corrected'));
    await eventually(() => prompts.unusableFiles === 0);
    expect(prompts.get('a')?.version).not.toBe(version);
  });

  it('has no prompt of a new file that is bad', async () => {
    write('a.md', prompt('one'));
    const prompts = await open();
    write('b.md', 'no front matter');
    await eventually(() => prompts.unusableFiles === 1);
    expect(prompts.all().map(({ name }) => name)).toEqual(['a']);
  });

  it('follows symbolic links that are replaced, as those of a Kubernetes ConfigMap', async () => {
    const generation = (name: string, text: string) => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'a.md'), prompt(text));
    };
    generation('..1', 'one');
    symlinkSync('..1', join(folder, '..data'));
    symlinkSync('..data/a.md', join(folder, 'a.md'));
    const prompts = await open();
    const version = prompts.get('a')?.version;
    expect(version).toBeDefined();
    generation('..2', 'two');
    symlinkSync('..2', join(folder, '..new'));
    renameSync(join(folder, '..new'), join(folder, '..data'));
    await eventually(() => prompts.get('a')?.version !== version);
  });

  it('keeps its prompts while it cannot be read', async () => {
    write('a.md', prompt('one'));
    const prompts = await open();
    renameSync(folder, `${folder}-away`);
    await prompts.readAgain();
    await prompts.readAgain();
    expect(prompts.get('a')).toBeDefined();
    expect(lines.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^PROMPTS cannot be read \(ENOENT\)/),
    ]);
    renameSync(`${folder}-away`, folder);
  });

  it('is not opened if it cannot be read', async () => {
    folder = join(folder, 'missing');
    await expect(open()).rejects.toThrow(/PROMPTS cannot be read \(ENOENT\)/);
    folder = join(folder, '..');
  });
});

describe('the example prompts', () => {
  it('are usable with any AUTH_MODE, and served if nothing is configured', async () => {
    const config = readConfig({});
    const { prompts, problems } = await checkPrompts({ ...config, authMode: 'passthrough' }, models);
    expect(problems).toEqual([]);
    const names = ['document-assistant', 'sql-few-shot', 'support-zh'];
    expect(prompts.map(({ name }) => name)).toEqual(names);
    const opened = await openPrompts(config, { models, log: pino({ enabled: false }) });
    expect(opened?.all().map(({ name }) => name)).toEqual(names);
    await opened?.close();
  });

  it('are not served as soon as a gateway is configured', async () => {
    const config = readConfig({ GATEWAY_URL: 'sandbox:' });
    expect(await openPrompts(config, { models, log: pino({ enabled: false }) })).toBeUndefined();
  });
});
