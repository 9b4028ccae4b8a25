import { documentPaths, readDocument } from './documents.js';

const CHINESE = '.zh-CN.md';
const translations = documentPaths().filter((path) => path.endsWith(CHINESE));

describe.each(translations)('%s', (path) => {
  const chinese = readDocument(path);
  const english = readDocument(path.replace(CHINESE, '.md'));

  it('has the English headings, paragraphs, lists, tables and blocks, in their order', () => {
    expect(chinese.skeleton).toEqual(english.skeleton);
  });

  it('has the same code, but for its comments', () => {
    expect(chinese.blocks.map(withoutComments)).toEqual(english.blocks.map(withoutComments));
  });

  it('speaks of the same names', () => {
    expect([...new Set(chinese.codes)].sort()).toEqual([...new Set(english.codes)].sort());
  });

  it('links to the same places, in Chinese where they are', () => {
    expect(chinese.links.map(inEnglish)).toEqual(english.links.map(inEnglish));
  });

  it('is linked to from the English one, and back', () => {
    const [name = ''] = path.split('/').slice(-1);
    expect(english.links[0]).toBe(name);
    expect(chinese.links[0]).toBe(name.replace(CHINESE, '.md'));
  });

  it('has its sections’ headings in Chinese', () => {
    const sections = chinese.headings.filter(({ depth }) => depth > 1);
    expect(sections.filter(({ text }) => !/\p{Script=Han}/u.test(text))).toEqual([]);
  });
});

function withoutComments({ language, text }: { language: string; text: string }): string {
  return `${language}\n${text.replaceAll(/(?:^| +)(?:#|\/\/) .*$/gm, '')}`;
}

/** Anchors are made of headings, and those are translated. */
function inEnglish(link: string): string {
  return link
    .replace(CHINESE, '.md')
    .replace(/-zh\.(png|svg)$/, '.$1')
    .replace(/-en\.png$/, '.png')
    .replace(/#.*/, '#');
}
