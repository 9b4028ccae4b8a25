import { readFileSync } from 'node:fs';
import { MAX_TOKENS } from '../../src/operations/parsing.js';
import {
  MAX_ALIASES,
  MAX_DEPTH,
  MAX_DIRECTIVES,
  MAX_FIELDS,
  MAX_LIST,
} from '../../src/operations/query-limits.js';

const limits = [MAX_TOKENS, MAX_DEPTH, MAX_ALIASES, MAX_DIRECTIVES, MAX_FIELDS, MAX_LIST];

it.each([
  ['docs/api.md', '## Limits'],
  ['docs/api.zh-CN.md', '## 限制'],
])('%s says the limits that hold', (path, heading) => {
  const [, section = ''] = readFileSync(path, 'utf8').split(heading);
  const [paragraph = ''] = section.trim().split('\n\n');
  expect(paragraph.match(/\d+/g)?.map(Number)).toEqual(limits);
});
