import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  exitCode,
  type Finished,
  finished,
  firstLines,
  folderWithEnv,
  start,
  startsPrograms,
} from './support/built-program.js';

startsPrograms();

const run = (args: string[], env: Record<string, string> = {}): Promise<Finished> =>
  finished(start('dist/main.js', args, env));

describe('the command', () => {
  it('says with --help what it takes: each option, and each variable with its default', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    for (const option of ['--check-config', '--print-schema', '--version', '--help']) {
      expect(stdout).toContain(`\n  ${option} `);
    }
    expect(stdout).toContain(readFileSync('.env.example', 'utf8').trim());
    expect(stdout).toMatch(
      /\.env in the folder that the server is started in.*relative path starts at that folder, too, also that of STORE_URL, PROMPTS and MODELS/s,
    );
  });

  it('prints with --version that of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('prints the committed schema with --print-schema, whatever else the environment says', async () => {
    const stdout = readFileSync('schema/schema.graphql', 'utf8');
    expect(await run(['--print-schema'], { PORT: 'x' })).toEqual({ code: 0, stdout, stderr: '' });
  });

  it.each([['--verbose'], ['4000'], ['--version=1'], ['-x']])('refuses %s with exit code 2', async (arg) => {
    const { code, stdout, stderr } = await run([arg]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^(Unknown|Unexpected|Option) .*\nTry: .*--help\n$/s);
    expect(stderr).not.toContain('    at ');
  });
});

describe('--check-config', () => {
  it('says what is in effect where nothing is wrong, and starts nothing', async () => {
    const { code, stdout, stderr } = await run(['--check-config'], { PORT: '4321', PLAYGROUND: 'off' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^The configuration is usable.\n.*sandbox.*\n\n/);
    for (const line of [
      'PORT: 4321',
      'PLAYGROUND: off',
      'HOST: 127.0.0.1',
      'STORE_URL: sqlite:data/contexts.db',
    ]) {
      expect(stdout).toContain(`\n${line}\n`);
    }
  });

  it('says all that is wrong at once, with exit code 1', async () => {
    const wrong = {
      PORT: '0x1',
      AUTH_MODE: 'maybe',
      GATEWAY_URL: 'ftp://h',
      STORE_URL: 'h',
      NODE_ENV: 'production',
    };
    const { code, stdout, stderr } = await run(['--check-config'], wrong);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const problems = stderr.trim().split('\n').slice(1);
    expect(problems).toEqual(
      ['GATEWAY_URL', 'AUTH_MODE', 'PORT', 'STORE_URL'].map((name) =>
        expect.stringContaining(`- ${name} must be`),
      ),
    );
  });
});

describe('what the start would refuse', () => {
  const folder = mkdtempSync(join(tmpdir(), 'refused-'));
  const file = join(folder, 'documents.json');
  writeFileSync(file, '{ "0": "{ models { id } }" }');
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['a file of documents that is not there', { TRUSTED_DOCUMENTS: join(folder, 'none.json') }, 'ENOENT'],
    ['a file of other content', { TRUSTED_DOCUMENTS: file }, 'must map the SHA-256 of each text'],
    [
      'a store whose password has a bare %',
      { STORE_URL: 'redis://:100%@127.0.0.1:6379' },
      'STORE_URL must have %',
    ],
    ['a proxy whose password has one', { HTTPS_PROXY: 'http://u:p%@127.0.0.1:1' }, 'HTTPS_PROXY must have %'],
  ])('is reported by --check-config: %s', async (_, wrong, problem) => {
    const { code, stderr } = await run(['--check-config'], { ...wrong, GATEWAY_URL: 'sandbox:' });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining(problem)]);
    expect(stderr).not.toContain('100%');
  });
});

describe('the file of models', () => {
  it.each([[['--check-config']], [[]]])('is reported with each problem by line: %p', async (args) => {
    const folder = mkdtempSync(join(tmpdir(), 'models-'));
    const file = join(folder, 'models.yaml');
    writeFileSync(file, 'currency: CNY\nmodels:\n  one: { input: 1 }\n  two: { input: x, output: 1 }\n');
    const env = { MODELS: file, GATEWAY_URL: 'sandbox:', PORT: '0' };
    const { code, stderr } = await run(args, env);
    rmSync(folder, { recursive: true });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n').slice(1)).toEqual([
      `  - ${file}:3 \`models.one\` must have a price \`output\``,
      `  - ${file}:4 \`models.two.input\` must be a decimal number, such as 0.8`,
    ]);
  });
});

describe('the prompt files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'prompts-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (name: string, frontMatter: string) =>
    writeFileSync(join(folder, name), `---\n${frontMatter}\n---\nc4n4ry`);
  const env = (more = {}) => ({ PROMPTS: folder, GATEWAY_URL: 'sandbox:', PORT: '0', ...more });

  it('are listed by --check-config with name, model and version, and without their text', async () => {
    write('support.md', 'model: m\nttl: 3600\nkeepWarm: true');
    write('another.md', 'model: gemini-2.5-pro\ntitle: c4n4ry');
    const { code, stdout } = await run(['--check-config'], env());
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /\nPrompts:\n {2}another: gemini-2.5-pro, version [0-9a-f]{12}\n {2}support: m, version [0-9a-f]{12}\n$/,
    );
    expect(stdout).toContain(`\nPROMPTS: ${folder}\n`);
    expect(stdout).toContain(
      '\nKEEP_WARM_TOKENS_PER_DAY is 0, so no context is kept warm. These prompts ask for it: support.\n',
    );
    expect(stdout).not.toContain('c4n4ry');
  });

  it('are the examples if nothing is configured', async () => {
    const { stdout } = await run(['--check-config']);
    expect(stdout).toMatch(
      /\nPrompts:\n {2}document-assistant: .*\n {2}sql-few-shot: .*\n {2}support-zh: .*\n$/,
    );
  });

  it.each([[['--check-config']], [[]]])(
    'and the environment are reported with all their problems at once: %p',
    async (args) => {
      write('first.md', 'model: m\nttl: 1');
      write('second.md', 'c4n4ry: m\nroles: [c4n4ry]');
      write('third.md', 'model: m\nroles: [c4n4ry]');
      write('fourth.md', 'model: m\nttl: 3600\nkeepWarm: true');
      const wrong = { AUTH_MODE: 'passthrough', LOG_LEVEL: 'loud', PROMPT_WAIT: '5' };
      const { code, stdout, stderr } = await run(args, env(wrong));
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      const at = (place: string) => expect.stringContaining(`  - ${join(folder, place)} `);
      expect(stderr.trim().split('\n').slice(1)).toEqual([
        expect.stringContaining('LOG_LEVEL must be'),
        at('first.md:3'),
        at('fourth.md:4'),
        at('second.md:2'),
        at('second.md:2'),
        at('third.md:3'),
        expect.stringContaining('Did you mean PROMPT_WAIT_MS?'),
      ]);
      expect(stderr).not.toContain('c4n4ry');
    },
  );

  it.each([[['--check-config']], [[]]])('must be in a folder that can be read: %p', async (args) => {
    const { code, stderr } = await run(args, env({ PROMPTS: join(folder, 'missing') }));
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'The configuration is not usable: PROMPTS cannot be read (ENOENT); it must be a folder of prompt files\n',
    });
  });

  it('are announced at the start if they ask for keepWarm and nothing may be spent on it', async () => {
    write('support.md', 'model: m\nttl: 3600\nkeepWarm: true');
    const child = start('dist/main.js', [], env());
    expect(await firstLines(child, /GraphQL: .*\n/)).toContain('These prompts ask for it: support.\n');
    child.kill('SIGTERM');
    expect(await exitCode(child)).toBe(0);
  });
});

describe('.env', () => {
  const checked = (content: string | Buffer, env: Record<string, string> = {}) =>
    finished(start('dist/main.js', ['--check-config'], env, folderWithEnv(content)));

  it('sets what the environment does not, which is said', async () => {
    const { code, stdout } = await checked(
      '\uFEFFPORT=4001\r\nHOST="127.0.0.2"\r\nLOG_LEVEL=warn # few\r\n',
      {
        PORT: '4002',
      },
    );
    expect(code).toBe(0);
    expect(stdout).toContain('\nRead .env: 3 variables; the environment itself sets PORT, and wins.\n');
    for (const line of ['PORT: 4002', 'HOST: 127.0.0.2', 'LOG_LEVEL: warn'])
      expect(stdout).toContain(`\n${line}\n`);
  });

  it('may be .env.example as it is', async () => {
    const { code, stdout } = await checked(readFileSync('.env.example'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^The configuration is usable.\nRead .env: \d+ variables.\n.*sandbox.*\n\n/);
  });

  it('may hold a value of several lines', async () => {
    const { code, stdout } = await checked('AUTH_JWT_ISSUER="one\n two words\n\nthree" # end\nPORT=0\n');
    expect(code).toBe(0);
    expect(stdout).toContain('Read .env: 2 variables.');
  });

  it('may be empty', async () => {
    const { code, stdout } = await checked('# nothing yet\n');
    expect(code).toBe(0);
    expect(stdout).toContain('Read .env: 0 variables.');
  });

  it.each([
    ['a line without =', 'PORT=0\nGATEWAY_API_KEY c4n4ry\nLOG_LEVEL=warn\n', ' line 2'],
    ['a last line without =', 'PORT=0\nGATEWAY_API_KEY c4n4ry', ' line 2'],
    ['YAML', 'GATEWAY_API_KEY: c4n4ry\nLOG_LEVEL: warn\n', ' line 1'],
    ['another encoding', Buffer.from('\uFEFFGATEWAY_API_KEY=c4n4ry\r\nPORT=0\r\n', 'utf16le'), ''],
  ])('is refused where it holds %s, without repeating it', async (_, content, place) => {
    const { code, stdout, stderr } = await checked(content);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      new RegExp(`^The configuration is not usable: .env${place}.* cannot be parsed: write NAME=value`),
    );
    expect(stderr).not.toContain('c4n4ry');
  });

  it('says which schema is printed, and keeps nobody from asking for help', async () => {
    const asked = (option: string, content: string) =>
      finished(start('dist/main.js', [option], {}, folderWithEnv(content)));
    const { stdout } = await asked('--print-schema', 'FEDERATION=on\n');
    expect(stdout).toContain('@key(fields: "id"');
    expect(stdout).not.toContain('Read .env');
    for (const option of ['--help', '--version']) expect((await asked(option, 'junk')).code).toBe(0);
  });

  it('is refused where it is no file', async () => {
    const folder = folderWithEnv('');
    rmSync(join(folder, '.env'));
    mkdirSync(join(folder, '.env'));
    const { code, stderr } = await finished(start('dist/main.js', ['--check-config'], {}, folder));
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'The configuration is not usable: .env cannot be read (EISDIR)\n',
    });
  });
});

describe('a secret', () => {
  const CANARY = 'c4n4ry';
  const secrets = {
    AUTH_MODE: 'jwt',
    GATEWAY_URL: 'http://127.0.0.1:1/v1',
    GATEWAY_API_KEY: `sk-${CANARY}`,
    STORE_URL: `redis://${CANARY}:${CANARY}@127.0.0.1:1/0?password=${CANARY}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${CANARY}:${CANARY}@127.0.0.1:1/v1?key=${CANARY}`,
    PORT: '0',
  };
  const shared: Record<string, string> = { AUTH_JWT_SECRET: `${CANARY}-`.repeat(6) };
  const published: Record<string, string> = {
    AUTH_JWKS_URL: `https://${CANARY}:${CANARY}@127.0.0.1:1/keys?token=${CANARY}`,
  };
  const unusable = {
    GATEWAY_API_KEY: `sk ${CANARY}`,
    GATEWAY_URL: `https://${CANARY}:${CANARY}@h/v1`,
    STORE_URL: `mysql://${CANARY}@h`,
    AUTH_JWT_SECRET: CANARY,
    AUTH_JWKS_URL: `${CANARY}://`,
  };

  it.each([
    ['shared', shared, ['--help', '--version', '--print-schema', '--check-config', '--nonsense']],
    ['published', published, ['--check-config']],
  ])('is in no answer of the command (%s keys)', async (_, keys, options) => {
    const answers = await Promise.all(options.map((option) => run([option], { ...secrets, ...keys })));
    for (const { stdout, stderr } of answers) {
      expect(stdout + stderr).not.toContain(CANARY);
      expect((stdout + stderr).length).toBeGreaterThan(0);
    }
  });

  it.each([[['--check-config']], [[]]])('is not in what is said where it is unusable: %p', async (args) => {
    const { code, stdout, stderr } = await run(args, { ...secrets, ...unusable });
    expect(code).toBe(1);
    expect(stdout + stderr).not.toContain(CANARY);
    for (const name of Object.keys(unusable)) expect(stderr).toContain(name);
  });

  it('is not in what the server says from its start to its end, the store being out of reach', async () => {
    const child = start('dist/main.js', [], { ...secrets, ...shared });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += bytes));
    while (!/GraphQL: .*\n/.test(said)) await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await exitCode(child)).toBe(0);
    expect(said).toContain('the store cannot be reached');
    expect(said).not.toContain(CANARY);
  });
});
