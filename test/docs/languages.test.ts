import { type Block, documentPaths, readDocument } from './documents.js';

const CHINESE = '.zh-CN.md';
const translations = documentPaths().filter((path) => path.endsWith(CHINESE));

describe.each(translations)('%s', (path) => {
  const chinese = readDocument(path);
  const english = readDocument(path.replace(CHINESE, '.md'));

  it('has the same code as the English page, apart from comments', () => {
    expect(chinese.blocks.map(withoutComments)).toEqual(english.blocks.map(withoutComments));
  });

  it('and the English page link to each other', () => {
    const [name = ''] = path.split('/').slice(-1);
    expect(english.links).toContain(name);
    expect(chinese.links).toContain(name.replace(CHINESE, '.md'));
  });
});

function withoutComments({ language, text }: Block): string {
  return `${language}\n${text.replaceAll(/(?:^| +)(?:#|\/\/) .*$/gm, '')}`;
}
