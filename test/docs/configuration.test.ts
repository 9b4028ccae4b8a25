import { readFileSync } from 'node:fs';
import { readConfig } from '../../src/config/config.js';
import { readDocument } from './documents.js';

const example = readFileSync('.env.example', 'utf8');
/** Those that have a default of their own, and those that stand behind a `#`. */
const active = settingsIn(/^([A-Z_]+)=(.*)$/gm);
const inactive = settingsIn(/^#([A-Z_]+)=(.*)$/gm);

function settingsIn(line: RegExp): Map<string, string> {
  return new Map([...example.matchAll(line)].map(([, name = '', value = '']) => [name, value]));
}

/** The names that the server asks an environment for. */
function namesRead(): string[] {
  const names = new Set<string>();
  const env = { AUTH_MODE: 'jwt', AUTH_JWT_SECRET: 'x'.repeat(32), GATEWAY_API_KEY: 'sk-1' };
  readConfig(
    new Proxy(env as NodeJS.ProcessEnv, {
      get(target, name) {
        names.add(String(name));
        return target[String(name)];
      },
    }),
  );
  // What every program of Node reads, and no variable of ours.
  names.delete('NODE_ENV');
  // Proxies have their names in small letters, too, each documented under the usual one.
  return [...names].filter((name) => name === name.toUpperCase()).sort();
}

describe('.env.example', () => {
  it('has every variable that the server reads, and no other', () => {
    expect([...active.keys(), ...inactive.keys()].sort()).toEqual(namesRead());
  });

  it('gives each its default', () => {
    expect(readConfig(Object.fromEntries(active))).toEqual(readConfig({}));
  });

  it('has a sentence above each', () => {
    for (const paragraph of example.split(/\n\n+/)) expect(paragraph).toMatch(/^#/);
  });
});

describe.each(['docs/configuration.md', 'docs/configuration.zh-CN.md'])('the table in %s', (path) => {
  const [, ...rows] = readDocument(path).tables.find(([, row]) => row?.[0]?.includes('`HOST`')) ?? [];

  it('has every variable that the server reads, and no other', () => {
    expect(rows.flatMap(([names = '']) => namesIn(names)).sort()).toEqual(namesRead());
  });

  it('has the defaults of .env.example', () => {
    for (const [names = '', defaults = '', meaning = ''] of rows) {
      const shown = (defaults.split(/[;；]/)[0] ?? '').split(/[,，、]\s*/);
      for (const [place, name] of namesIn(names).entries()) {
        const value = shown[place] ?? shown[0];
        expect({ name, value }).toEqual({ name, value: active.get(name) ?? exampleOf(name) });
      }
      expect(meaning).not.toBe('');
    }
  });
});

/** A gateway’s address is a default as soon as there is a key; the others are only shown how they look. */
function exampleOf(name: string): string {
  return name === 'GATEWAY_URL' ? (inactive.get(name) ?? '') : '';
}

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([A-Z_]+)`/g)].map(([, name = '']) => name);
}
