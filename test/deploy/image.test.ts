import { readFileSync } from 'node:fs';
import { readConfig } from '../../src/config/config.js';
import { environmentOf, isSent, lastOf, readDockerfile } from '../support/dockerfile.js';

const stages = readDockerfile();
const final = stages.at(-1)?.steps ?? [];

describe('the Dockerfile', () => {
  it('builds in a stage of its own and runs only what it copies from there', () => {
    expect(stages.map(({ name }) => name)).toEqual(['build', 'final']);
    expect(final.filter(({ keyword }) => keyword === 'RUN' || keyword === 'ADD')).toEqual([]);
    for (const { keyword, flags } of final) if (keyword === 'COPY') expect(flags.from).toBe('build');
  });

  it('is for the Node that the tests run on in CI', () => {
    const [, newest] = /newest_lts=(\d+)/.exec(readFileSync('.ci/run', 'utf8')) ?? [];
    expect(readFileSync('Dockerfile', 'utf8')).toContain(`ARG NODE_VERSION=${newest}\n`);
  });

  it('runs as a user that is not root, named in numbers, who owns the volume', () => {
    const user = lastOf(stages, 'USER')?.text ?? '';
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const volume = lastOf(stages, 'VOLUME')?.text ?? '';
    const owned = final.filter(({ keyword, text }) => keyword === 'COPY' && text.endsWith(` ${volume}`));
    expect(owned.map(({ flags }) => flags.chown)).toEqual([user]);
  });

  it('is in production, for callers from outside, keeps contexts on the volume, and wants the rest named', () => {
    const env = environmentOf(stages);
    const named = { ...env, GATEWAY_URL: 'https://gateway.example/v1', AUTH_MODE: 'passthrough' };
    expect(readConfig(named)).toMatchObject({
      host: '0.0.0.0',
      port: Number(lastOf(stages, 'EXPOSE')?.text),
      playground: false,
      store: { url: `sqlite:${lastOf(stages, 'VOLUME')?.text}/contexts.db` },
    });
    expect(() => readConfig(env)).toThrow(/GATEWAY_URL[\s\S]*AUTH_MODE/);
    expect(lastOf(stages, 'STOPSIGNAL')?.text).toBe('SIGTERM');
  });

  it('starts node itself, so that signals reach it, and asks it whether it lives', () => {
    const [program] = JSON.parse(lastOf(stages, 'ENTRYPOINT')?.text ?? '');
    const [asking, ...rest] = JSON.parse(lastOf(stages, 'HEALTHCHECK')?.text.replace(/^CMD /, '') ?? '');
    expect([program, asking]).toEqual(['node', 'node']);
    expect(rest.join()).toContain('/healthz');
  });

  it('says what the image is', () => {
    const labels = lastOf(stages, 'LABEL')?.text ?? '';
    const { name, description, license } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(labels).toContain(`org.opencontainers.image.title="${name}"`);
    expect(labels).toContain(`org.opencontainers.image.description="${description}"`);
    expect(labels).toContain(`org.opencontainers.image.licenses="${license}"`);
  });
});

describe('what Docker gets to see', () => {
  it.each([
    'package.json',
    'package-lock.json',
    '.env.example',
    'src/main.ts',
    'schema/schema.graphql',
    'client/package.json',
    'client/src/index.ts',
    'examples/web/package.json',
    'examples/web/index.html',
    'examples/prompts/support-zh.md',
  ])('has %s', (path) => expect(isSent(path)).toBe(true));

  it.each([
    '.env',
    'examples/web/.env',
    'data/contexts.db',
    '.git/config',
    'node_modules/graphql/index.js',
    'dist/main.js',
    'client/dist/index.js',
    'examples/web/dist/index.html',
    'examples/web/node_modules/react/index.js',
    'test/support/server.ts',
  ])('has no %s', (path) => expect(isSent(path)).toBe(false));
});
