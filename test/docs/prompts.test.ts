import { readPromptFile } from '../../src/prompts/prompt-file.js';
import { readDocument } from './documents.js';

const { blocks, tables } = readDocument('docs/configuration.md');
const files = blocks.filter(({ language }) => language === 'markdown' || language === 'yaml');

describe('the prompt files in docs/configuration.md', () => {
  it.each(files.map(({ language, text }) => [language === 'markdown' ? 'md' : 'yaml', text] as const))(
    'are usable: the %s file',
    (extension, text) => {
      expect(readPromptFile(`support.${extension}`, text, { authMode: 'none' })).toMatchObject({
        name: 'support',
      });
    },
  );

  it('have the keys of the table, and no other', () => {
    const [problem = ''] = readPromptFile('p.md', '---\nx: y\n---\nz', { authMode: 'none' }) as string[];
    const [, known = ''] = /the known ones are (.*)$/.exec(problem) ?? [];
    const [, ...rows] = tables.find(([heads]) => heads?.[0] === 'key') ?? [];
    const keys = rows.flatMap(([cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, key]) => key));
    expect(keys.sort()).toEqual(known.split(', ').sort());
  });
});
