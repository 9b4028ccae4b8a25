import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { scriptNames } from './scripts.js';

export interface NotRun {
  /** The command; what it names stands in groups. */
  command: RegExp;
  reason: string;
  /** What is held instead; what is wrong, if anything. */
  problem: (named: Record<string, string>) => string | undefined;
}

/** The commands of the documents that the tests cannot run. All others are run. */
export const NOT_RUN: NotRun[] = [
  {
    command: /^npm ci$/,
    reason: 'the test runs in what it has installed',
    problem: () => unlessThere('package-lock.json'),
  },
  {
    command: /^(?<line>npm install .+)$/,
    reason: 'it wants a registry; a recipe begins with the same line',
    problem: ({ line = '' }) => unlessInRecipe(line),
  },
  {
    command: /^npm test(?: -- (?<path>\S+))?$/,
    reason: 'it is what runs this test',
    problem: ({ path }) => unlessThere(path ?? 'jest.config.js'),
  },
  {
    command:
      /^npm run (?<script>dev|lint|format|schema|codegen|bench|screenshots|check|printed|schema:changes|soak)\b(?<args>.*)$/,
    reason: 'it does not end, is slow, changes files, or is run by .ci/run or by a test of its own',
    problem: ({ script = '', args = '' }) => unlessScript(script) ?? unlessOptions(args, 'bench/main.mjs'),
  },
  {
    command: /^docker (?<verb>compose|build|run) .*$/,
    reason: 'it wants a Docker engine; test/deploy holds both files to what they say',
    problem: ({ verb }) => unlessThere(verb === 'compose' ? 'compose.yaml' : 'Dockerfile'),
  },
  {
    command: /^(?:sudo install -m \d+ (?<file>\S+) \/etc\/|sudo systemctl |journalctl ).*$/,
    reason: 'it changes the machine; test/deploy holds the unit to what it says',
    problem: ({ file = '.env' }) => (file === '.env' ? undefined : unlessThere(file)),
  },
  {
    command:
      /^(?:umask 077$|node -e "new \(require\('libsql'\)\)|rm -f data\/contexts|install -m 600 contexts-backup)/,
    reason: 'test/docs/operations.test.ts runs it where there is something to back up',
    problem: () => unlessThere('test/docs/operations.test.ts'),
  },
];

function unlessThere(path: string): string | undefined {
  return existsSync(path) ? undefined : `${path} is not there`;
}

function unlessInRecipe(line: string): string | undefined {
  const recipes = readdirSync('examples/recipes').map((file) =>
    readFileSync(`examples/recipes/${file}`, 'utf8'),
  );
  // To the end of its line.
  const isThere = recipes.some((text) => text.split(/ \*\/\n|\n/).some((one) => one.endsWith(` ${line}`)));
  return isThere ? undefined : `no recipe begins with ${line}`;
}

function unlessScript(name: string): string | undefined {
  return scriptNames().includes(name) ? undefined : `no package.json has a script ${name}`;
}

/** Each option must be known to the program. */
function unlessOptions(args: string, program: string): string | undefined {
  const source = readFileSync(program, 'utf8');
  const unknown = args.match(/--\w[\w-]*/g)?.find((option) => !source.includes(option));
  return unknown && `${program} knows no ${unknown}`;
}
