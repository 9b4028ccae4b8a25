import { readFileSync } from 'node:fs';
import { ConfigError, readConfig } from '../src/config/config.js';

function problems(env: Record<string, string>): string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    return (error as ConfigError).problems;
  }
}

describe('the configuration', () => {
  it('is the sandbox without authentication on loopback where nothing is set, and says so', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 4000,
      authMode: 'none',
      gateway: { url: 'sandbox:' },
    });
    expect(config).toMatchObject({ introspection: true, playground: true });
    expect(config.notices).toEqual([
      expect.stringMatching(/sandbox: its answers come from no model\. For the real one set GATEWAY_API_KEY/),
    ]);
  });

  it('speaks of no key where the sandbox is named, and of the key that is spent elsewhere', () => {
    expect(readConfig({ GATEWAY_URL: 'sandbox:' }).notices).toEqual([
      'The gateway is the built-in sandbox: its answers come from no model.',
    ]);
    expect(readConfig({ GATEWAY_API_KEY: 'sk-1' }).notices).toEqual([
      expect.stringMatching(/^AUTH_MODE=none: .* the server’s own key\.$/),
    ]);
  });

  it('is the real gateway with the server’s key as soon as there is a key', () => {
    expect(readConfig({ GATEWAY_API_KEY: 'sk-1' })).toMatchObject({
      authMode: 'none',
      gateway: { url: 'https://gateway.serevixai.ai/v1', apiKey: 'sk-1' },
    });
  });

  it('passes callers’ keys through where a gateway is named and the server has none', () => {
    expect(readConfig({ GATEWAY_URL: 'https://ark.example/api/v3/' })).toMatchObject({
      authMode: 'passthrough',
      gateway: { url: 'https://ark.example/api/v3' },
    });
  });

  it('drops the server’s key under passthrough, and says so', () => {
    const config = readConfig({ AUTH_MODE: 'passthrough', GATEWAY_API_KEY: 'sk-1' });
    expect(config.gateway.apiKey).toBeUndefined();
    expect(config.notices.join(' ')).toContain('never used');
  });

  it('wants AUTH_MODE named where a server with a key listens beyond loopback', () => {
    expect(problems({ GATEWAY_API_KEY: 'sk-1', HOST: '0.0.0.0' })).toEqual([
      expect.stringContaining('AUTH_MODE'),
    ]);
    expect(problems({ GATEWAY_API_KEY: 'sk-1', HOST: '127.0.0.2' })).toEqual([]);
    expect(problems({ HOST: '0.0.0.0', AUTH_MODE: 'passthrough' })).toEqual([]);
  });

  it.each(['0.0.0.0', '::', '192.168.1.7', 'app.internal'])(
    'serves strangers on %s only where that is said twice',
    (HOST) => {
      const once = { HOST, AUTH_MODE: 'none' };
      for (const server of [
        once,
        { ...once, GATEWAY_API_KEY: 'sk-1' },
        { ...once, NODE_ENV: 'production', GATEWAY_URL: 'sandbox:' },
      ]) {
        expect(problems(server)).toEqual([expect.stringMatching(/ALLOW_ANONYMOUS=on.*AUTH_MODE/)]);
        expect(problems({ ...server, ALLOW_ANONYMOUS: 'off' })).toHaveLength(1);
        const said = readConfig({ ...server, ALLOW_ANONYMOUS: 'on' });
        expect(said.notices.join(' ')).toContain('whoever reaches this address');
      }
      expect(problems({ HOST, ALLOW_ANONYMOUS: 'on' })).toEqual([expect.stringContaining('AUTH_MODE')]);
    },
  );

  it('serves strangers on a loopback address as it is', () => {
    for (const HOST of ['127.0.0.1', 'localhost', '::1', '127.8.8.8']) {
      expect(problems({ HOST, AUTH_MODE: 'none' })).toEqual([]);
    }
  });

  it('takes origins as browsers write them, and no other', () => {
    expect(readConfig({}).corsOrigins).toEqual([]);
    const two = readConfig({ CORS_ORIGINS: 'https://app.example, http://localhost:3000,' });
    expect(two.corsOrigins).toEqual(['https://app.example', 'http://localhost:3000']);
    const apps = ['capacitor://localhost', 'tauri://localhost', 'chrome-extension://abcdefgh'];
    expect(readConfig({ CORS_ORIGINS: apps.join(',') }).corsOrigins).toEqual(apps);
    for (const wrong of [
      '*',
      'app.example',
      'https://app.example/',
      'https://App.example',
      'https://a.example:443',
      'capacitor://localhost/',
      'file://',
      'mailto:a@b.example',
      'null',
    ]) {
      expect(problems({ CORS_ORIGINS: `https://b.example,${wrong}` })).toEqual([
        expect.stringMatching(/^CORS_ORIGINS must be origins/),
      ]);
    }
  });

  it('answers to any host name where callers bring credentials, else to its own and those that are named', () => {
    expect(readConfig({ AUTH_MODE: 'passthrough' }).allowedHosts).toBeUndefined();
    expect(readConfig({}).allowedHosts).toEqual(['127.0.0.1']);
    expect(readConfig({ ALLOWED_HOSTS: 'a.example, [fe80::1]' }).allowedHosts).toEqual([
      '127.0.0.1',
      'a.example',
      '[fe80::1]',
    ]);
    const address = { HOST: '2001:db8::1', AUTH_MODE: 'passthrough', ALLOWED_HOSTS: 'a.example' };
    expect(readConfig(address).allowedHosts).toEqual(['[2001:db8::1]', 'a.example']);
    for (const wrong of ['https://a.example', 'a.example:80', 'a b', '*', 'a/b']) {
      expect(problems({ ALLOWED_HOSTS: wrong })).toEqual([
        expect.stringMatching(/^ALLOWED_HOSTS must be host/),
      ]);
    }
  });

  it('wants gateway and AUTH_MODE named in production, where introspection and playground are off', () => {
    expect(problems({ NODE_ENV: 'production' })).toEqual([
      expect.stringContaining('GATEWAY_URL'),
      expect.stringContaining('AUTH_MODE'),
    ]);
    const named = { NODE_ENV: 'production', GATEWAY_URL: 'https://g.example/v1', AUTH_MODE: 'passthrough' };
    expect(readConfig(named)).toMatchObject({ introspection: false, playground: false });
    expect(readConfig({ ...named, PLAYGROUND: 'on' })).toMatchObject({
      introspection: false,
      playground: true,
    });
  });

  it('wants a key for AUTH_MODE=none before a real gateway', () => {
    expect(problems({ GATEWAY_URL: 'https://g.example/v1', AUTH_MODE: 'none' })).toEqual([
      expect.stringContaining('GATEWAY_API_KEY'),
    ]);
  });

  it('names every variable that is wrong at once, and never its value', () => {
    const wrong = {
      PORT: '70000',
      GATEWAY_URL: 'ftp://user:pass@host',
      GATEWAY_API_KEY: 'two words',
      GATEWAY_TOTAL_TIMEOUT_MS: '1e9',
      AUTH_MODE: 'maybe',
      PLAYGROUND: 'perhaps',
      LOG_LEVEL: 'loud',
    };
    const found = problems(wrong);
    for (const [name, value] of Object.entries(wrong)) {
      expect(found).toContainEqual(expect.stringContaining(name));
      expect(found.join()).not.toContain(value);
    }
  });
});

describe('a variable that looks like one of the server’s', () => {
  const said = (...names: string[]) =>
    readConfig({ GATEWAY_API_KEY: 'sk-1', AUTH_MODE: 'none', ...valued(names) }).notices.slice(1);
  const valued = (names: string[]) => Object.fromEntries(names.map((name) => [name, 'c4n4ry']));

  it.each([
    ['GATEWAY_APIKEY', 'GATEWAY_API_KEY'],
    ['GATEWAY_KEY', 'GATEWAY_API_KEY'],
    ['gateway_api_key', 'GATEWAY_API_KEY'],
    ['GATWAY_URL', 'GATEWAY_URL'],
    ['GATEWAY_BASE_URL', 'GATEWAY_URL'],
    ['GATEWAY_TIMEOUT', 'GATEWAY_IDLE_TIMEOUT_MS'],
    ['AUTHMODE', 'AUTH_MODE'],
    ['AUTH_JWT_SECRETS', 'AUTH_JWT_SECRET'],
    ['AUTH_JWKS_URI', 'AUTH_JWKS_URL'],
    ['STORE_URI', 'STORE_URL'],
    ['MAX_BODY_SIZE', 'MAX_BODY_BYTES'],
    ['RATE_LIMIT_CREATES', 'RATE_LIMIT_CREATES_PER_MINUTE'],
    ['QUOTA_TOKENS', 'QUOTA_TOKENS_PER_DAY'],
    ['CORS_ORIGIN', 'CORS_ORIGINS'],
    ['PLAYGROUD', 'PLAYGROUND'],
    ['METRICS_TOKENS', 'METRICS_TOKEN'],
  ])('is named: %s, and that %s may be meant', (name, meant) => {
    expect(said(name)).toEqual([`${name} is not a variable of this server. Did you mean ${meant}?`]);
  });

  it('is named where something else is wrong, too', () => {
    expect(problems({ NODE_ENV: 'production', AUTH_MODE: 'passthrough', GATEWAY_ULR: 'x' })).toEqual([
      expect.stringContaining('GATEWAY_URL must be set'),
      expect.stringContaining('Did you mean GATEWAY_URL?'),
    ]);
  });

  it('is not one that the server reads, in whatever mode', () => {
    const read = readFileSync('.env.example', 'utf8').matchAll(/^#?([A-Z_]+)=/gm);
    const unset = Object.fromEntries(Array.from(read, ([, name]) => [name, '']));
    expect(readConfig({ ...unset, AUTH_MODE: 'none', GATEWAY_URL: 'sandbox:' }).notices).toHaveLength(1);
  });

  it('is not one of another program', () => {
    const others = `PATH HOME HOSTNAME HOSTS HOST_IP PORTS PORT0 PORT_0 LANG LC_ALL TERM PWD OLDPWD SHLVL USER LOGNAME EDITOR
      NODE_OPTIONS NODE_PATH NODE_VERSION NODE_ENVIRONMENT NODE_EXTRA_CA_CERTS npm_config_cache npm_package_name
      npm_lifecycle_event INIT_CWD YARN_VERSION CI GITHUB_TOKEN GITHUB_ACTIONS ALL_PROXY
      MAX_MEMORY MAX_OLD_SPACE_SIZE MAX_CONNECTIONS MAX_RETRIES MAX_TOKENS LOG_FILE LOG_DIR LOG_FORMAT LOGS_PATH
      OTEL_SERVICE_NAME OTEL_EXPORTER_OTLP_HEADERS OTEL_EXPORTER_OTLP_TIMEOUT OTEL_EXPORTER_OTLP_TRACES_ENDPOINT
      KUBERNETES_PORT GATEWAY_PORT GATEWAY_SERVICE_HOST GATEWAY_SERVICE_PORT GATEWAY_PORT_80_TCP_ADDR AUTH_PORT STORE_PORT
      PROMPT PROMPT_COMMAND PROMPT_DIRTRIM
      REDIS_URL DATABASE_URL API_KEY OPENAI_API_KEY JWT_SECRET SECRET_KEY TZ DEBUG INVOCATION_ID JOURNAL_STREAM`;
    expect(said(...others.split(/\s+/))).toEqual([]);
  });
});

describe('what is said of the configuration', () => {
  const jwt = { AUTH_MODE: 'jwt', GATEWAY_API_KEY: 'sk-1', AUTH_JWT_SECRET: 'x'.repeat(32) };
  const said = (env: Record<string, string>) => Object.fromEntries(readConfig(env).settings);

  it('is what each variable of .env.example came to, and of no other', () => {
    const names = readFileSync('.env.example', 'utf8').matchAll(/^#?([A-Z_]+)=/gm);
    expect(Object.keys(said(jwt)).sort()).toEqual(Array.from(names, ([, name]) => name).sort());
  });

  it('is the value that is in effect, not the one that was left out', () => {
    expect(said({ PORT: ' 5000 ' })).toMatchObject({
      HOST: '127.0.0.1',
      PORT: '5000',
      GATEWAY_URL: 'sandbox:',
      AUTH_MODE: 'none',
      STORE_URL: 'sqlite:data/contexts.db',
      LOG_LEVEL: 'info',
    });
    expect(said({ GATEWAY_URL: 'https://g.example' })).toMatchObject({ AUTH_MODE: 'passthrough' });
    expect(
      said({ NODE_ENV: 'production', GATEWAY_URL: 'https://g.example', AUTH_MODE: 'passthrough' }),
    ).toMatchObject({
      PLAYGROUND: 'off',
    });
  });

  it('is of a secret only whether it is set', () => {
    expect(said({})).toMatchObject({ GATEWAY_API_KEY: 'not set' });
    expect(said(jwt)).toMatchObject({
      GATEWAY_API_KEY: 'set',
      AUTH_JWT_SECRET: 'set',
      AUTH_JWKS_URL: 'not set',
    });
  });

  it.each([
    ['redis://h:1/2', 'redis://h:1/2'],
    ['redis://user:secret@h:1/2', 'redis://***@h:1/2'],
    ['rediss://:secret@h', 'rediss://***@h'],
    ['redis://h?password=secret', 'redis://h?***'],
    ['redis://secret:6/rest@h', 'set'],
    ['redis://h#secret', 'redis://h?***'],
  ])('is of the store at %s that it is %s', (url, shown) => {
    expect(said({ STORE_URL: url }).STORE_URL).toBe(shown);
  });
});

describe('the proxies to the gateway', () => {
  it('are none where nothing names one', () => {
    expect(readConfig({ NO_PROXY: 'a' })).not.toHaveProperty('proxy');
  });

  it('are those of the usual variables, in small letters first', () => {
    const env = {
      HTTPS_PROXY: 'http://a:1',
      https_proxy: 'http://b:2',
      HTTP_PROXY: 'https://c:3',
      no_proxy: 'd',
    };
    expect(readConfig(env).proxy).toEqual({
      httpsProxy: 'http://b:2',
      httpProxy: 'https://c:3',
      noProxy: 'd',
    });
  });

  it('are shown without user and password', () => {
    const { settings } = readConfig({ HTTPS_PROXY: 'http://user:secret@a:1' });
    expect(settings.get('HTTPS_PROXY')).toBe('http://***@a:1/');
  });

  it('must be http(s) URLs', () => {
    expect(problems({ HTTPS_PROXY: 'user:secret@a:1' })).toEqual([
      expect.stringMatching(/^HTTPS_PROXY must be an http\(s\) URL(?!.*secret)/),
    ]);
  });
});

describe('the collector of traces', () => {
  it('is an http(s) URL, shown without its password', () => {
    const name = 'OTEL_EXPORTER_OTLP_ENDPOINT';
    // The exporter would send to its own default instead, without a word.
    for (const url of ['collector:4318', 'grpc://user:secret@collector:4317']) {
      expect(problems({ [name]: url })).toEqual([`${name} must be an http(s) URL`]);
    }
    const { tracing, settings } = readConfig({ [name]: 'http://user:secret@collector:4318' });
    expect(tracing).toBe(true);
    expect(settings.get(name)).toBe('http://***@collector:4318/');
    expect(readConfig({}).tracing).toBe(false);
  });
});

describe('the prompts', () => {
  it('are the examples if nothing is configured, else those of the named folder', () => {
    expect(readConfig({}).prompts).toEqual({
      folder: expect.stringMatching(/examples.prompts$/),
      waitMs: 2_000,
      keepWarmTokensPerDay: 0,
    });
    for (const env of [{ GATEWAY_URL: 'sandbox:' }, { GATEWAY_API_KEY: 'sk-1' }, { AUTH_MODE: 'none' }]) {
      expect(readConfig(env).prompts.folder).toBeUndefined();
      expect(readConfig({ ...env, PROMPTS: 'prompts' }).prompts.folder).toBe('prompts');
    }
  });
});

describe('who calls and what is remembered', () => {
  const SECRET = 'x'.repeat(32);

  it('is kept in a file beside the server where nothing is set', () => {
    expect(readConfig({}).store).toEqual({
      url: 'sqlite:data/contexts.db',
      reuseScope: 'caller',
      keepMessages: true,
    });
  });

  it.each(['sqlite::memory:', 'sqlite:/x/y.db', 'redis://:secret@h:1/2', 'rediss://h'])('takes %s', (url) => {
    expect(readConfig({ STORE_URL: url }).store.url).toBe(url);
  });

  it.each(['mysql://root:secret@h', 'contexts.db', 'sqlite:', 'redis:secret@'])(
    'refuses %s without repeating it',
    (url) => {
      const [problem, ...more] = problems({ STORE_URL: url });
      expect(more).toEqual([]);
      expect(problem).toMatch(/^STORE_URL must be/);
      expect(problem).not.toContain('secret');
    },
  );

  it('takes tokens by a secret or by published keys, and by one of them only', () => {
    const env = { AUTH_MODE: 'jwt', GATEWAY_API_KEY: 'sk-1' };
    expect(readConfig({ ...env, AUTH_JWT_SECRET: SECRET, AUTH_JWT_ISSUER: 'i' }).jwt).toEqual({
      secret: SECRET,
      issuer: 'i',
      rolesClaim: 'roles',
    });
    expect(readConfig({ ...env, AUTH_JWKS_URL: 'https://i.example/keys' }).jwt).toEqual({
      jwksUrl: 'https://i.example/keys',
      rolesClaim: 'roles',
    });
    const both = { AUTH_JWT_SECRET: SECRET, AUTH_JWKS_URL: 'https://i.example/keys' };
    for (const wrong of [{}, both]) {
      expect(problems({ ...env, ...wrong })).toEqual([
        expect.stringContaining('AUTH_JWT_SECRET and AUTH_JWKS_URL'),
      ]);
    }
    expect(problems({ ...env, AUTH_JWT_SECRET: 'short' })).toEqual([expect.stringContaining('32 bytes')]);
    for (const url of ['keys', 'https://user:secret@i.example/keys', 'https://user@i.example/keys']) {
      const [problem, ...more] = problems({ ...env, AUTH_JWKS_URL: url });
      expect(more).toEqual([]);
      expect(problem).toMatch(/^AUTH_JWKS_URL must/);
      expect(problem).not.toContain('secret');
    }
  });

  it('wants a key of the server’s own for tokens, and for prefixes that everyone shares', () => {
    const jwt = { AUTH_MODE: 'jwt', AUTH_JWT_SECRET: SECRET, GATEWAY_URL: 'https://g.example' };
    expect(problems(jwt)).toEqual([expect.stringContaining('GATEWAY_API_KEY')]);
    expect(problems({ AUTH_MODE: 'passthrough', REUSE_SCOPE: 'everyone' })).toEqual([
      expect.stringContaining('REUSE_SCOPE'),
    ]);
    expect(problems({ REUSE_SCOPE: 'all' })).toEqual([expect.stringContaining('caller, everyone')]);
  });
});
