import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { PromptFolder, readPromptFolder } from '../../src/prompts/prompt-folder.js';
import { eventually } from '../support/eventually.js';

const ALLOWED = { allowRoles: true, allowKeepWarm: true };
const prompt = (text: string, model = 'm') => `---\nmodel: ${model}\n---\n${text}\n`;

describe('a folder of prompts', () => {
  let folder: string;
  let lines: { level: number; msg: string; problems?: string[]; prompt?: string }[];
  const opened: PromptFolder[] = [];
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  const open = async () => {
    const log = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) });
    const one = await PromptFolder.open(folder, { ...ALLOWED, log });
    opened.push(one);
    return one;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'prompts-'));
    lines = [];
  });
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
    rmSync(folder, { recursive: true });
  });

  it('gives its prompts by name', async () => {
    write('support-zh.md', prompt('one'));
    write('assistant.yaml', 'model: m\nmessages: [{role: system, content: two}]\n');
    write('notes.txt', 'no prompt');
    const prompts = await open();
    expect(prompts.all().map(({ name }) => name)).toEqual(['assistant', 'support-zh']);
    expect(prompts.get('support-zh')?.context.messages).toEqual([{ role: 'SYSTEM', content: 'one' }]);
    expect(prompts.get('notes')).toBeUndefined();
  });

  it('tells every problem of every file at once', async () => {
    write('bad.md', 'no front matter');
    write('twice.md', prompt('one'));
    write('twice.yaml', 'model: m\nmessages: [{role: system, content: two}]\n');
    write('Upper.md', prompt('one'));
    const { prompts, problems } = await readPromptFolder(folder, ALLOWED);
    expect([...prompts.keys()]).toEqual(['twice']);
    expect([...problems.values()].flat()).toEqual([
      `${folder}/Upper.md must have a name of small letters, digits and hyphens, at most 63`,
      `${folder}/bad.md:1 must begin with YAML front matter between two lines of ---`,
      `${folder}/twice.yaml must not have the same name as another file`,
    ]);
  });

  it('is read again when a file changes, comes or goes', async () => {
    write('a.md', prompt('one'));
    const prompts = await open();
    const version = prompts.get('a')?.version;
    write('a.md', prompt('two'));
    write('b.md', prompt('three'));
    await eventually(() => prompts.get('a')?.version !== version && prompts.get('b') !== undefined);
    rmSync(join(folder, 'a.md'));
    await eventually(() => prompts.get('a') === undefined);
    expect(lines.map(({ msg, prompt }) => `${prompt} ${msg}`)).toContain('a a prompt was removed');
  });

  it('keeps the last good version of a file that turns bad, and says so once', async () => {
    write('a.md', prompt('canary'));
    const prompts = await open();
    const version = prompts.get('a')?.version;
    write('a.md', '---\nmodle: canary\n---\ncanary');
    await eventually(() => prompts.unusableFiles === 1);
    await prompts.readAgain();
    expect(prompts.get('a')?.version).toBe(version);
    const errors = lines.filter(({ level }) => level === 50);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.problems?.[0]).toContain('a.md:2 `modle` is unknown');
    expect(JSON.stringify(lines)).not.toContain('canary');
    write('a.md', prompt('mended'));
    await eventually(() => prompts.unusableFiles === 0);
    expect(prompts.get('a')?.version).not.toBe(version);
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

  it('keeps its prompts while the folder is away', async () => {
    write('a.md', prompt('one'));
    const prompts = await open();
    renameSync(folder, `${folder}-away`);
    await prompts.readAgain();
    expect(prompts.get('a')).toBeDefined();
    expect(lines.at(-1)?.msg).toBe('the folder of prompts cannot be read');
    renameSync(`${folder}-away`, folder);
  });
});

describe('the example prompts', () => {
  it('are usable, and none asks for roles', async () => {
    const { prompts, problems } = await readPromptFolder('examples/prompts', {
      allowRoles: false,
      allowKeepWarm: false,
    });
    expect(problems).toEqual(new Map());
    expect([...prompts.keys()]).toEqual(['document-assistant', 'sql-few-shot', 'support-zh']);
  });
});
