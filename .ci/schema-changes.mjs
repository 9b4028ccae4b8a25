/**
 * Lists the changes of schema/schema.graphql since the newest release or, before the first one, in the last commit that changed
 * it; `npm run schema:changes -- REVISION` compares with that revision. Exits with 1 if a breaking change is not listed, in
 * backticks, under "Breaking" in the newest section of CHANGELOG.md.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';

const SCHEMA = 'schema/schema.graphql';
const LEVELS = {
  [CriticalityLevel.Breaking]: 'breaking',
  [CriticalityLevel.Dangerous]: 'dangerous',
  [CriticalityLevel.NonBreaking]: 'safe',
};

const base = process.argv[2] ?? newestRelease() ?? beforeTheLastChange();
const before = base && git('show', `${base}:${SCHEMA}`);
if (!before) {
  console.log(`There is no earlier ${SCHEMA} to compare with.`);
  process.exit(0);
}

const changes = await diff(buildSchema(before), buildSchema(readFileSync(SCHEMA, 'utf8')));
console.log(`${changes.length || 'No'} changes of ${SCHEMA} since ${base}`);
for (const level of Object.values(CriticalityLevel)) {
  for (const change of changes.filter(({ criticality }) => criticality.level === level)) {
    console.log(`${LEVELS[level].padEnd(9)}  ${change.path}: ${change.message}`);
  }
}

const announced = breakingOfTheNewestSection();
const silent = changes.filter(
  ({ criticality, path }) =>
    criticality.level === CriticalityLevel.Breaking && !announced.includes(`\`${path}\``),
);
if (silent.length > 0) {
  const names = silent.map(({ path }) => `\`${path}\``).join(', ');
  console.error(
    `Frontends break at ${names}. Keep what was there and deprecate it, or name it in CHANGELOG.md: ` +
      'under "### Breaking" of "## Unreleased".',
  );
  process.exit(1);
}

function newestRelease() {
  return git('describe', '--tags', '--abbrev=0', '--match', 'v[0-9]*');
}

/** HEAD if the working tree differs from it, else the state before the last commit that changed the file. */
function beforeTheLastChange() {
  if (git('status', '--porcelain', '--', SCHEMA)) return 'HEAD';
  const last = git('log', '-1', '--format=%h', '--', SCHEMA);
  return last && git('rev-parse', '--short', '--verify', `${last}^`);
}

/** On a release commit "Unreleased" is empty, so the section of that version counts. */
function breakingOfTheNewestSection() {
  const changelog = existsSync('CHANGELOG.md') ? readFileSync('CHANGELOG.md', 'utf8') : '';
  const sections = changelog.split(/^## .*$/m).slice(1);
  const newest = sections.find((section) => section.trim()) ?? '';
  return newest.split(/^### /m).find((part) => /^breaking/i.test(part)) ?? '';
}

/** The output of git, or undefined if the revision, path or history is missing. */
function git(...args) {
  try {
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
