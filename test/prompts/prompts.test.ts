import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { ModelList } from '../../src/pricing/model-list.js';
import { PromptFolder } from '../../src/prompts/prompt-folder.js';
import { Prompts } from '../../src/prompts/prompts.js';

const callerWith = (...roles: string[]) => ({
  id: 'c',
  account: '',
  credential: { key: 'sk-test', owner: 'server' as const },
  roles,
});

describe('the prompts of a caller', () => {
  let folder: string;
  let opened: PromptFolder;
  let prompts: Prompts;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'prompts-'));
    writeFileSync(join(folder, 'open.md'), '---\nmodel: m\n---\nx');
    writeFileSync(join(folder, 'internal.md'), '---\nmodel: m\nroles: [staff, admin]\n---\nx');
    opened = await PromptFolder.open(folder, {
      ...{ authMode: 'jwt', models: ModelList.empty(), log: pino({ enabled: false }) },
    });
    prompts = new Prompts(opened);
  });
  afterAll(async () => {
    await opened.close();
    rmSync(folder, { recursive: true });
  });

  it('are those without roles, and those that name one of the caller’s', () => {
    const names = (...roles: string[]) => prompts.list(callerWith(...roles)).map(({ name }) => name);
    expect(names()).toEqual(['open']);
    expect(names('guest')).toEqual(['open']);
    expect(names('guest', 'admin')).toEqual(['internal', 'open']);
    expect(prompts.find('internal', callerWith('staff')).name).toBe('internal');
  });

  it('fail alike if unknown and if not for the caller', () => {
    const failure = (name: string) => {
      try {
        return prompts.find(name, callerWith('guest'));
      } catch (error) {
        return error;
      }
    };
    expect(failure('internal')).toMatchObject({ code: 'PROMPT_NOT_FOUND', retryable: false });
    expect(failure('internal')).toEqual(failure('nothing'));
    expect(failure('__proto__')).toEqual(failure('nothing'));
  });

  it('are none without a folder', () => {
    const none = new Prompts(undefined);
    expect(none.list(callerWith())).toEqual([]);
    expect(() => none.find('open', callerWith())).toThrow('no such prompt');
  });
});
