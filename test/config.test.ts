import { ConfigError, readConfig } from '../src/config.js';

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
    expect(config.notices.join(' ')).toMatch(/sandbox.*AUTH_MODE=none/);
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
