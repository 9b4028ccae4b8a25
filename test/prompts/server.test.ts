import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/eventually.js';
import { TestServer } from '../support/server.js';

describe('a server with prompts', () => {
  let folder: string;
  const write = (text: string) => writeFileSync(join(folder, 'support.md'), text);
  const serve = () => TestServer.start({ GATEWAY_URL: 'sandbox:', PROMPTS: folder });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'prompts-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('counts the files that cannot be used in its metrics, and logs their problems', async () => {
    write('---\nmodel: m\n---\nx');
    await using server = await serve();
    const shows = async (count: number) =>
      (await (await fetch(`${server.origin}/metrics`)).text()).includes(
        `\ncontext_cache_prompt_files_unusable ${count}\n`,
      );
    expect(await shows(0)).toBe(true);
    write('---\nmodel: \n---\ncanary');
    await eventually(() => shows(1));
    const lines = server.log.filter((line) => line.includes('support.md:2 `model` must be a string'));
    expect(lines).toHaveLength(1);
    expect(server.log.join('')).not.toContain('canary');
    write('---\nmodel: m\n---\ny');
    await eventually(() => shows(0));
  });

  it('does not start if a file cannot be used', async () => {
    write('---\nmodel: m\nroles: [staff]\n---\nx');
    await expect(serve()).rejects.toThrow('support.md:3 `roles` needs AUTH_MODE=jwt');
  });
});
